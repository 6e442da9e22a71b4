"""Does transformers load a classifier that `finetune` wrote, and give the same class scores?

    python3 -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tests/scripts/transformers_classifies.py --folder tuned/rte/seed-12 --data glue --length 128

Scores the held-out texts one by one (no padding) with AutoModelForSequenceClassification and compares them with items.jsonl: prints the
largest difference and how many predicted classes are the same; exit status 1 if a score differs by more than 1e-3 of the largest.
Folders with a score head on the last token alone: transformers knows no other.
"""

import argparse
import json
import pathlib
import sys

import torch
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast

KEYS = {"boolq": ("{question}", "{passage}"), "cola": ("{sentence}", None), "mnli": ("{premise}", "{hypothesis}"), "mnli-mm": ("{premise}", "{hypothesis}"),
        "mrpc": ("{sentence1}", "{sentence2}"), "multirc": ("Question: {question} Answer: {answer}", "{paragraph}"), "qnli": ("{question}", "{sentence}"),
        "qqp": ("{question1}", "{question2}"), "rte": ("{sentence1}", "{sentence2}"), "sst2": ("{sentence}", None),
        "wsc": ('Does "{span2_text}" refer to "{span1_text}" in this passage?', "{text}")}

parser = argparse.ArgumentParser()
parser.add_argument("--folder", type=pathlib.Path, required=True)
parser.add_argument("--data", type=pathlib.Path, required=True)
parser.add_argument("--length", type=int, default=128)
arguments = parser.parse_args()

model, loading = AutoModelForSequenceClassification.from_pretrained(arguments.folder, dtype=torch.float32, output_loading_info=True)
problems = {key: value for key, value in loading.items() if value}
tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(arguments.folder / "tokenizer.json"))
model.eval()
largest = difference = 0.0
same = count = 0
for line in (arguments.folder / "items.jsonl").read_text().splitlines():
    item = json.loads(line)
    lines = (arguments.data / f"{item['file']}.valid.jsonl").read_text().split("\n")
    example = json.loads(lines[item["line"] - 1])
    first, second = KEYS[item["file"]]
    texts = [template.format(**example) for template in (first, second) if template]
    ids = tokenizer(*texts, truncation="longest_first", max_length=arguments.length)["input_ids"]
    with torch.no_grad():
        scores = model(torch.tensor([ids])).logits[0].tolist()
    largest = max(largest, *map(abs, scores))
    difference = max(difference, *(abs(a - b) for a, b in zip(scores, item["scores"])))
    same += max(range(len(scores)), key=scores.__getitem__) == item["predicted"]
    count += 1
print(f"{type(model).__name__}, labels {model.config.id2label}, {count} texts: largest score {largest:.4f}, largest difference {difference:.2e}, "
      f"{same} of {count} predicted classes are the same" + (f"; problems {problems}" if problems else ""))
sys.exit(difference > 1e-3 * largest or bool(problems))
