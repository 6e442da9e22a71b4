"""Do transformers' AutoTokenizer and generate() work on a folder that rondo wrote, and continue a text as rondo does?

    python3 -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tests/scripts/transformers_generates.py --program build/release/bin/llama --model FOLDER [--prompt TEXT ...]

FOLDER is a run of the program's `train` or any folder that it wrote with a tokenizer: Llama, GPT-2, OPT, Mamba, Mamba-2, xLSTM-large. Checks
that special tokens lie in the vocabulary, that the tokenizer adds none to it, and that the most probable continuations are the same text
(of a prompt behind the begin token, which rondo puts where the tokenizer does not). Prints a line a prompt; exit status 1 where one differs.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import torch
import transformers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="rondo's program of the architecture")
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--prompt", action="append", help="text to continue; may be given again")
    parser.add_argument("--tokens", type=int, default=24)
    options = parser.parse_args()

    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    vocabulary = model.config.vocab_size
    print(f"transformers {transformers.__version__}: {type(tokenizer).__name__} of {len(tokenizer)}, {type(model).__name__} of {vocabulary}")
    problems = 0

    def complain(text):
        nonlocal problems
        problems += 1
        print("  WRONG:", text)

    if len(tokenizer) > vocabulary:
        complain(f"the tokenizer has {len(tokenizer)} tokens")
    for name in ("bos", "eos", "pad"):
        own, of_model = getattr(tokenizer, name + "_token_id"), getattr(model.generation_config, name + "_token_id")
        for where, ids in (("tokenizer", own), ("generation_config", of_model)):
            for one in ids if isinstance(ids, list) else [ids]:
                if one is not None and one >= vocabulary:
                    complain(f"{name} of the {where} is {one}")
        print(f"  {name}: tokenizer {own}, model {of_model}")

    for prompt in options.prompt or ["The children", "She said that", "Once upon a time there was a"]:
        ids = tokenizer(prompt)["input_ids"]
        begin = model.generation_config.bos_token_id
        if begin is not None and ids[:1] != [begin]:
            ids = [begin] + ids
        ids = torch.tensor([ids])
        with torch.no_grad():
            made = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=options.tokens,
                                  pad_token_id=begin or 0)
        expected = tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
        output = subprocess.run([options.program, "generate", "--model", str(options.model), "--prompt", prompt, "--tokens",
                                 str(options.tokens), "--json", "--quiet"], check=True, capture_output=True, text=True).stdout
        found = json.loads(output.splitlines()[-1])["text"]
        found = found.removeprefix(prompt)
        if found.strip() == expected.strip():
            print(f"  same: {prompt!r} -> {found!r}")
        else:
            complain(f"{prompt!r}: transformers {expected!r}, rondo {found!r}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
