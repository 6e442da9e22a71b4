// TextTable: one table of results as aligned text, Markdown or CSV.
//
//   TextTable table{"model", "loss", "tokens/s"};
//   table.add("HGRN2", fixed_text(3.4567, 2), 81234);
//   table.add("Llama", fixed_text(3.5, 2), 70011);
//   std::cout << table.text();            // model  loss  tokens/s
//   write_file("results.md", table.markdown());
//   write_file("results.csv", table.csv());
//
// Columns of numbers are aligned to the right, others to the left. Cells are text in UTF-8 or numbers (six digits that
// count; fixed_text() for another form). A row with too few or too many cells throws Error.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/number_text.hpp>

namespace rondo {

class TextTable {
 public:
  using Row = std::vector<std::string>;

  TextTable(std::initializer_list<std::string> columns) : TextTable(Row(columns)) {}
  explicit TextTable(Row columns) : columns_(std::move(columns)) { require(!columns_.empty(), "table: no columns"); }

  template <class... Cells>
  void add(const Cells&... cells) {
    add(Row{cell(cells)...});
  }
  void add(Row row) {
    require(row.size() == columns_.size(), "table: a row of ", row.size(), " cells for ", columns_.size(), " columns");
    rows_.push_back(std::move(row));
  }

  [[nodiscard]] const Row& columns() const { return columns_; }
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  // Columns two spaces apart, a line under the names.
  [[nodiscard]] std::string text() const {
    const std::vector<std::size_t> widths = column_widths(rows_, columns_);
    std::string result = aligned(columns_, widths, "", "  ", "");
    std::size_t total = 2 * (widths.size() - 1);
    for (const std::size_t width : widths) total += width;
    for (std::size_t i = 0; i < total; ++i) result += "─";
    result += '\n';
    for (const Row& row : rows_) result += aligned(row, widths, "", "  ", "");
    return result;
  }

  [[nodiscard]] std::string markdown() const {
    const auto escaped = [](const Row& row) {
      Row result;
      for (const std::string& cell : row) result.push_back(replaced(replaced(cell, '|', "\\|"), '\n', "<br>"));
      return result;
    };
    std::vector<Row> rows;
    for (const Row& row : rows_) rows.push_back(escaped(row));
    const Row columns = escaped(columns_);
    std::vector<std::size_t> widths = column_widths(rows, columns);
    for (std::size_t& width : widths) width = std::max<std::size_t>(width, 3);
    std::string result = aligned(columns, widths, "| ", " | ", " |") + "|";
    for (std::size_t i = 0; i < widths.size(); ++i)
      result += (numbers(i) ? " " + std::string(widths[i] - 1, '-') + ": |" : " " + std::string(widths[i], '-') + " |");
    result += '\n';
    for (const Row& row : rows) result += aligned(row, widths, "| ", " | ", " |");
    return result;
  }

  // RFC 4180, lines ended by a line feed.
  [[nodiscard]] std::string csv() const {
    std::string result = csv_line(columns_);
    for (const Row& row : rows_) result += csv_line(row);
    return result;
  }

 private:
  template <class T>
  static std::string cell(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "yes" : "no";
    } else if constexpr (std::is_floating_point_v<T>) {
      return short_text(static_cast<double>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
      return std::to_string(value);
    } else {
      return std::string(value);
    }
  }

  // A number, with or without what stands around one: sign, percent, ± error, unit of a count.
  static bool is_number(std::string_view text) {
    const bool digit = text.find_first_of("0123456789") != text.npos;
    return digit && text.find_first_not_of("0123456789.,+-eE%kMGT \xc2\xb1×") == text.npos;
  }
  // Empty cells and dashes say nothing about their column.
  [[nodiscard]] bool numbers(std::size_t column) const {
    bool any = false;
    for (const Row& row : rows_) {
      const std::string& text = row[column];
      if (text.empty() || text == "-" || text == "–" || text == "nan") continue;
      if (!is_number(text)) return false;
      any = true;
    }
    return any;
  }

  static std::vector<std::size_t> column_widths(const std::vector<Row>& rows, const Row& columns) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      widths.push_back(character_count(columns[i]));
      for (const Row& row : rows) widths[i] = std::max(widths[i], character_count(row[i]));
    }
    return widths;
  }
  [[nodiscard]] std::string aligned(const Row& row, const std::vector<std::size_t>& widths, const std::string& begin,
                                    const std::string& between, const std::string& end) const {
    std::string line = begin;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - character_count(row[i]), ' ');
      line += (i > 0 ? between : "") + (numbers(i) ? gap + row[i] : row[i] + gap);
    }
    line += end;
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }
  static std::string replaced(const std::string& text, char letter, const std::string& by) {
    std::string result;
    for (const char each : text) result += each == letter ? by : std::string(1, each);
    return result;
  }
  static std::string csv_line(const Row& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool quoted = row[i].find_first_of(",\"\r\n") != std::string::npos;
      line += (i > 0 ? "," : "") + (quoted ? "\"" + replaced(row[i], '"', "\"\"") + "\"" : row[i]);
    }
    return line + "\n";
  }

  Row columns_;
  std::vector<Row> rows_;
};

}  // namespace rondo
