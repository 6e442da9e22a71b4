// Text files, token files, and the way from one to the other.
#include <rondo/data/encode_corpus.hpp>
#include <rondo/data/tokenizer/bpe_training.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include "data/tokenizer_documents.hpp"
#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

using Documents = std::vector<std::string>;

Documents documents_of(const std::string& text, DocumentBorder border) {
  Documents documents;
  for_each_document(text, border, [&](std::string_view document) { documents.emplace_back(document); });
  return documents;
}

std::vector<TokenId> ids_of(const TokenView& tokens) {
  std::vector<TokenId> ids(static_cast<std::size_t>(tokens.size()));
  tokens.copy(ids.data());
  return ids;
}

// Three documents of a vocabulary of this size.
void write_small(const std::filesystem::path& path, TokenId vocabulary) {
  TokenFileWriter writer{path, {vocabulary, 0, 0x1234567890ABCDEF}};
  writer.append(std::vector<TokenId>{5, vocabulary - 1});
  writer.append(std::vector<TokenId>{0});
  writer.end_document(2, 11);
  writer.append(std::vector<TokenId>{0});
  writer.end_document(0, 1);
  writer.append(std::vector<TokenId>{1, 2, 3, 0});
  writer.end_document(4, 20);
  writer.commit();
}

std::string text_of(int lines, unsigned seed) {
  static const std::vector<std::string> words{"the",       "cat", "sat",    "on",         "a",  "mat.",
                                              "Caf\u00e9", "42",  "didn't", "\U0001f642", "--", "unbelievable"};
  std::mt19937 random{seed};
  std::string text;
  for (int line = 0; line < lines; ++line) {
    for (std::size_t word = 0; word <= random() % 12; ++word)
      text.append(word == 0 ? "" : " ").append(words[random() % words.size()]);
    text += '\n';
    if (random() % 50 == 0) text += '\n';
  }
  return text;
}

Tokenizer trained_on(const std::string& text) {
  WordCounter counter;
  counter.add(text);
  return Tokenizer{byte_level_parts(train_bpe(counter.sorted(), {300, 2, {"<|endoftext|>"}})), "trained"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(token_file)

BOOST_AUTO_TEST_CASE(documents_have_borders) {
  const std::string text = "\n one\r\ntwo\n\n \t\nthree \n\n\nfour";
  BOOST_TEST(documents_of(text, DocumentBorder::blank_line) == (Documents{" one\r\ntwo", "three ", "four"}),
             boost::test_tools::per_element());
  BOOST_TEST(documents_of(text, DocumentBorder::line) == (Documents{" one", "two", "three ", "four"}),
             boost::test_tools::per_element());
  BOOST_TEST(documents_of(text + "\n\r\n", DocumentBorder::file) == Documents{text}, boost::test_tools::per_element());
  for (const DocumentBorder border : {DocumentBorder::blank_line, DocumentBorder::line, DocumentBorder::file})
    BOOST_TEST(documents_of("\n", border).empty());
  BOOST_TEST(count_text_words(" a\u00a0bc\n\u3000 d\u200be ") == 3u);
}

BOOST_AUTO_TEST_CASE(text_files_are_checked) {
  const TemporaryFolder folder;
  put(folder / "empty.txt", "");
  put(folder / "blank.txt", " \n\t\r\n");
  put(folder / "wrong.txt", "one\ntwo \xC3(\n");
  put(folder / "mark.txt", "\xEF\xBB\xBFtext");
  const auto message = [&](const char* name) { return message_of([&] { TextFile{folder / name}; }); };
  BOOST_TEST(has(message("empty.txt"), "empty.txt: expected text, found an empty file"));
  BOOST_TEST(has(message("blank.txt"), "blank.txt: expected text, found only white space"));
  BOOST_TEST(has(message("wrong.txt"), "wrong.txt: byte 8 (line 2): expected UTF-8, found the byte 0xC3"));
  BOOST_TEST(has(message("nowhere.txt"), "nowhere.txt: cannot be read"));
  BOOST_TEST(has(message("."), "found a folder"));
  BOOST_TEST((TextFile{folder / "wrong.txt", InvalidUtf8::replaced}.text()) == "one\ntwo \uFFFD(\n");
  BOOST_TEST(TextFile{folder / "mark.txt"}.text() == "text");
  BOOST_TEST(has(message("wrong.txt"), "0xC3; iconv converts other encodings, --replace-invalid puts U+FFFD there"));
}

BOOST_AUTO_TEST_CASE(json_lines_are_documents) {
  const TemporaryFolder folder;
  put(folder / "lines.jsonl", "{\"text\": \"one\\n\\ntwo\", \"id\": 1}\n\n{\"id\": 2, \"text\": \"\"}\n{\"text\": \"\\u00e9 \"}");
  const TextFile file{folder / "lines.jsonl", InvalidUtf8::refused, "text"};
  for (const DocumentBorder border : {DocumentBorder::blank_line, DocumentBorder::line, DocumentBorder::file}) {
    Documents documents;
    file.for_each_document(border, [&](std::string_view document) { documents.emplace_back(document); });
    BOOST_TEST(documents == (Documents{"one\n\ntwo", "\u00e9 "}), boost::test_tools::per_element());
  }
  const auto message = [&](const std::string& bytes, const std::string& field = "text") {
    put(folder / "wrong.jsonl", bytes);
    return message_of([&] { TextFile{folder / "wrong.jsonl", InvalidUtf8::refused, field}; });
  };
  const std::string good = "{\"text\": \"a\"}\n";
  BOOST_TEST(has(message(good + "{\"txt\": \"a\"}"), "wrong.jsonl: line 2: expected a member 'text', found none"));
  BOOST_TEST(has(message(good + "\n{\"text\": 5}"), "wrong.jsonl: line 3: text: expected a text, found a number"));
  BOOST_TEST(has(message(good + "plain"), "wrong.jsonl: line 2:1:1: not JSON"));
  BOOST_TEST(has(message(good, "body"), "line 1: expected a member 'body'"));
  BOOST_TEST(has(message("{\"text\": \"\"}"), "wrong.jsonl: expected text under 'text', found none"));

  // The same tokens as from files of one document each.
  const Tokenizer tokenizer = trained_on("one two \u00e9 one two");
  put(folder / "first.txt", "one\n\ntwo");
  put(folder / "second.txt", "\u00e9 ");
  EncodeSettings settings{.border = DocumentBorder::file};
  encode_corpus(tokenizer, {folder / "first.txt", folder / "second.txt"}, folder / "files.tokens", settings);
  settings.field = "text";
  encode_corpus(tokenizer, {folder / "lines.jsonl"}, folder / "lines.tokens", settings);
  BOOST_TEST(content(folder / "files.tokens") == content(folder / "lines.tokens"));
}

BOOST_AUTO_TEST_CASE(pipes_are_read_to_their_end) {
  const TemporaryFolder folder;
  const std::string name = (folder / "pipe").string(), text(200'000, 'x');
  BOOST_TEST_REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
  std::thread writer([&] { put(name, text); });
  const InputText input{name};
  writer.join();
  BOOST_TEST((input.text() == text));
  BOOST_TEST(input.name() == name);
  std::vector<std::pair<std::string, std::size_t>> lines;
  for_each_line("\n a\r\n\t\n\nb", [&](std::string_view line, std::size_t number) { lines.emplace_back(line, number); });
  BOOST_TEST((lines == std::vector<std::pair<std::string, std::size_t>>{{" a\r", 2}, {"b", 5}}));
  put(folder / "empty", "");
  BOOST_TEST(InputText{folder / "empty"}.text() == "");
  BOOST_TEST(has(message_of([&] { InputText{folder.path()}; }), "found a folder"));
  BOOST_TEST(has(message_of([&] { InputText{"/dev/zero"}; }), "found a device or pipe"));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const TemporaryFolder folder;
  for (const TokenId vocabulary : {6, 65536, 65537, 1 << 28}) {
    const auto path = folder / "x.tokens";
    write_small(path, vocabulary);
    const TokenFile file{path};
    BOOST_TEST(file.vocabulary() == vocabulary);
    BOOST_TEST(file.end_of_text() == 0);
    BOOST_TEST(file.tokenizer() == 0x1234567890ABCDEFu);
    BOOST_TEST(file.tokens() == 8);
    BOOST_TEST(file.documents() == 3);
    BOOST_TEST(file.words() == 6);
    BOOST_TEST(file.bytes() == 32);
    BOOST_TEST(file.begin_of(2).words == 2u);
    BOOST_TEST(file.begin_of(2).bytes == 12u);
    BOOST_TEST(ids_of(file.tokens(0)) == (std::vector<TokenId>{5, vocabulary - 1, 0}), boost::test_tools::per_element());
    BOOST_TEST(ids_of(file.tokens(2)) == (std::vector<TokenId>{1, 2, 3, 0}), boost::test_tools::per_element());
    BOOST_TEST(ids_of(file.all().middle(2, 3)) == (std::vector<TokenId>{0, 0, 1}), boost::test_tools::per_element());
    BOOST_TEST(std::filesystem::file_size(path) == 64u + (vocabulary > 65536 ? 32u : 16u) + 4 * 24u + 32u);
    BOOST_TEST(has(message_of([&] { (void)file.tokens(3); }), "document 3: expected 0 to 2"));
    BOOST_TEST(has(message_of([&] { (void)file.all().middle(5, 4); }), "tokens 5 to 9 of 8"));
  }
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_finished_is_not_there) {
  const TemporaryFolder folder;
  const auto path = folder / "x.tokens";
  {
    TokenFileWriter writer{path, {10, 0, 0}};
    BOOST_TEST(has(message_of([&] { writer.append(std::vector<TokenId>{10}); }), "token id 10: expected 0 to 9"));
    BOOST_TEST(has(message_of([&] { writer.append(std::vector<TokenId>{-1}); }), "token id -1"));
    BOOST_TEST(has(message_of([&] { writer.end_document(0, 0); }), "document 1 has no tokens"));
    BOOST_TEST(has(message_of([&] { writer.commit(); }), "no documents"));
  }
  BOOST_TEST(folder.entries() == 0);
  BOOST_TEST(has(message_of([&] { TokenFileWriter(path, {0, -1, 0}); }), "vocabulary: expected at least 1"));
  BOOST_TEST(has(message_of([&] { TokenFileWriter(path, {5, 5, 0}); }), "end-of-text id 5"));
}

BOOST_AUTO_TEST_CASE(every_damage_is_found) {
  const TemporaryFolder folder;
  const auto path = folder / "x.tokens";
  write_small(path, 20);
  const std::string whole = content(path);
  const auto message_for = [&](const std::string& bytes) {
    put(folder / "damaged.tokens", bytes);
    return message_of([&] { TokenFile{folder / "damaged.tokens"}; });
  };
  BOOST_TEST(message_for(whole) == "no error");
  for (std::size_t size = 0; size < whole.size(); ++size)
    BOOST_TEST(message_for(whole.substr(0, size)) != "no error", "cut to " << size);
  BOOST_TEST(has(message_for(whole + '\0'), "cut short or overwritten"));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      BOOST_TEST(message_for(damaged) != "no error", "bit " << bit << " of byte " << at);
    }
  }
  // Numbers that lie, each with its own message.
  const auto with = [&](std::size_t at, std::uint64_t value) {
    std::string lying = whole;
    std::memcpy(lying.data() + at, &value, sizeof value);
    return message_for(lying);
  };
  const std::size_t borders = 64 + 16;
  const std::size_t trailer = whole.size() - 32;
  BOOST_TEST(has(with(16, 7), "token id 19 is not below the vocabulary of 7"));
  BOOST_TEST(has(with(16, 1 << 20), "a vocabulary of 1048576 does not go with tokens of 2 bytes"));
  BOOST_TEST(has(with(32, 20), "end-of-text id 20"));
  BOOST_TEST(has(with(8, 2 + (2ull << 32)), "expected a token file of version 1, found version 2"));
  BOOST_TEST(has(with(8, 1 + (3ull << 32)), "expected tokens of 2 or 4 bytes, found 3"));
  BOOST_TEST(has(with(trailer, 9), "expected 216 bytes for 9 tokens in 3 documents, found 208"));
  BOOST_TEST(has(with(trailer, ~0ull), "do not fit"));
  BOOST_TEST(has(with(trailer + 8, ~0ull), "do not fit"));
  BOOST_TEST(has(with(trailer + 8, 0), "bytes for 8 tokens in 0 documents"));
  BOOST_TEST(has(with(borders + 24, 9), "document 0: its border is wrong (tokens 0 to 9)"));
  BOOST_TEST(has(with(borders + 24, 0), "document 0: its border is wrong (tokens 0 to 0)"));
  BOOST_TEST(has(with(borders + 24 + 8, 100), "document 1: its border is wrong"));
  BOOST_TEST(has(with(borders, 1), "the first document does not begin at token 0"));
  BOOST_TEST(has(with(borders + 72, 7), "the documents end at token 7, expected 8"));
  BOOST_TEST(has(with(trailer + 16, 1), "the checksum is wrong"));
  BOOST_TEST(has(message_for(std::string(200, 'x')), "not a token file"));
}

BOOST_AUTO_TEST_CASE(corpora_are_encoded_document_by_document) {
  const TemporaryFolder folder;
  const std::string one = text_of(20000, 1);
  const std::string two = "<|endoftext|> last words";
  put(folder / "one.txt", one);
  put(folder / "two.txt", two);
  const Tokenizer tokenizer = trained_on(one);
  for (const DocumentBorder border : {DocumentBorder::blank_line, DocumentBorder::line, DocumentBorder::file}) {
    Documents documents = documents_of(one, border);
    documents.push_back(two);
    EncodeSettings settings;
    settings.border = border;
    settings.threads = 1;
    std::uint64_t reported = 0;
    const EncodedCorpus made = encode_corpus(tokenizer, {folder / "one.txt", folder / "two.txt"}, folder / "x.tokens", settings,
                                             [&](std::uint64_t done, std::uint64_t total) {
                                               BOOST_TEST((reported < done && done <= total));
                                               reported = done;
                                             });
    const TokenFile file{folder / "x.tokens"};
    BOOST_TEST(reported == one.size() + two.size());
    BOOST_TEST(made.documents == file.documents());
    BOOST_TEST(file.tokenizer() == tokenizer.fingerprint());
    BOOST_TEST(file.vocabulary() == tokenizer.vocabulary());
    BOOST_REQUIRE(file.documents() == static_cast<rondo::Index>(documents.size()));
    bool equal = true;
    for (rondo::Index d = 0; d < file.documents(); ++d) {
      const std::string& text = documents[static_cast<std::size_t>(d)];
      std::vector<TokenId> expected = tokenizer.encode(text).ids;
      expected.push_back(0);
      equal = equal && ids_of(file.tokens(d)) == expected;
      equal = equal && file.begin_of(d + 1).bytes - file.begin_of(d).bytes == text.size();
      equal = equal && file.begin_of(d + 1).words - file.begin_of(d).words == count_text_words(text);
    }
    BOOST_TEST(equal);
    settings.threads = 3;
    encode_corpus(tokenizer, {folder / "one.txt", folder / "two.txt"}, folder / "y.tokens", settings);
    BOOST_TEST((content(folder / "x.tokens") == content(folder / "y.tokens")));
  }
}

BOOST_AUTO_TEST_CASE(long_documents_are_cut_only_where_nothing_changes) {
  const std::string text = text_of(300, 2);
  const Tokenizer tokenizer = trained_on(text);
  const auto may_cut = [&](std::string_view document, std::size_t at) { return tokenizer.may_cut(document, at); };
  std::vector<TextChunk> chunks;
  append_chunks(text, 100, may_cut, chunks);
  BOOST_TEST(chunks.size() > 30u);
  std::vector<TokenId> ids;
  std::string joined;
  EncodingCache cache;
  for (const TextChunk& chunk : chunks) {
    tokenizer.append_ids(chunk.text, ids, cache);
    joined += chunk.text;
    BOOST_TEST(chunk.ends_document == (&chunk == &chunks.back()));
  }
  BOOST_TEST(joined == text);
  BOOST_TEST((ids == tokenizer.encode(text).ids));
  // Where a piece gets a space in front, or a normaliser looks at all of it, nothing is cut.
  const Tokenizer prefixed = Tokenizer::parse(byte_level_document(), "t.json");
  for (std::size_t at = 0; at <= text.size(); ++at) BOOST_TEST(!prefixed.may_cut(text, at));
  // Nor beside an added token.
  PipelineParts parts = byte_level_parts(train_bpe({{"a", 1}}, {257, 1, {"b>"}}));
  const Tokenizer marked{std::move(parts), "marked"};
  BOOST_TEST(marked.may_cut("xx\nac", 3));
  BOOST_TEST(!marked.may_cut("xx\nbc", 3));
}

BOOST_AUTO_TEST_CASE(failures_leave_nothing_behind) {
  const TemporaryFolder folder;
  put(folder / "good.txt", "good text\n");
  put(folder / "wrong.txt", "wr\xFFong\n");
  put(folder / "old.tokens", "old");
  const Tokenizer tokenizer = trained_on("some text");
  const auto encode = [&](const std::vector<std::filesystem::path>& files, const EncodeSettings& settings) {
    return message_of([&] { encode_corpus(tokenizer, files, folder / "old.tokens", settings); });
  };
  EncodeSettings settings;
  BOOST_TEST(has(encode({folder / "good.txt", folder / "wrong.txt"}, settings), "wrong.txt: byte 2 (line 1)"));
  BOOST_TEST(has(encode({}, settings), "no text files"));
  settings.end_token = "</s>";
  BOOST_TEST(has(encode({folder / "good.txt"}, settings), "end token '</s>' is not in the tokenizer's vocabulary"));
  BOOST_TEST(content(folder / "old.tokens") == "old");
  BOOST_TEST(folder.entries() == 3);
  settings.end_token.clear();
  settings.invalid = InvalidUtf8::replaced;
  BOOST_TEST(encode({folder / "good.txt", folder / "wrong.txt"}, settings) == "no error");
  BOOST_TEST(TokenFile{folder / "old.tokens"}.documents() == 2);
}

BOOST_AUTO_TEST_CASE(workers_pass_on_what_they_throw) {
  std::atomic<int> done{0};
  for_each_task(4, 100, [&](rondo::Index, rondo::Index) { ++done; });
  BOOST_TEST(done == 100);
  BOOST_TEST(message_of([] {
               for_each_task(3, 50, [](rondo::Index, rondo::Index task) { require(task != 17, "task ", task); });
             }) == "task 17");
}

BOOST_AUTO_TEST_SUITE_END()
