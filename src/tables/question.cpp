// SPDX-License-Identifier: Apache-2.0
#include "tables/question.hpp"

#include "tables/question_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace stoa::tables {
namespace {

/// "prices" and "price" are one word.
bool same_word(const std::string& asked, const std::string& named) {
    return asked == named || asked == named + "s" || asked == named + "es" || asked + "s" == named;
}

bool is_number_column(const ColumnProfile& column) {
    return column.type == ColumnType::integer || column.type == ColumnType::number;
}

std::optional<Function> function_named(std::string_view word) {
    static constexpr std::pair<std::string_view, Function> names[] = {
        {"mean", Function::mean},   {"average", Function::mean}, {"avg", Function::mean},
        {"sum", Function::sum},     {"total", Function::sum},    {"minimum", Function::min},
        {"min", Function::min},     {"lowest", Function::min},   {"smallest", Function::min},
        {"least", Function::min},   {"maximum", Function::max},  {"max", Function::max},
        {"highest", Function::max}, {"largest", Function::max},  {"greatest", Function::max},
        {"biggest", Function::max}, {"median", Function::median}};
    for (const auto& [name, function] : names) {
        if (name == word) return function;
    }
    return std::nullopt;
}

class Parser {
  public:
    Parser(std::string_view question, const std::vector<ColumnProfile>& columns)
        : words_(split_words(question)), columns_(columns) {
        for (const ColumnProfile& column : columns) names_.push_back(split_words(column.name));
    }

    Result<Plan> parse() {
        while (!refused_ && at_ < words_.size()) {
            if (!take_part()) refuse();
        }
        if (words_.size() == words_max || (!counts_ && !ranks_ && plan_.aggregates.empty())) {
            refuse();
        }
        if (!refused_ && !ranks_ && counts_)
            plan_.aggregates.insert(plan_.aggregates.begin(), Aggregate{});
        if (!refused_ && !ranks_ && !plan_.group_by.empty()) plan_.limit = plan_rows_max;
        if (refused_) {
            return fail(ErrorKind::invalid, "question_not_understood",
                        "The question cannot be turned into a computation over the table" +
                            (wrong_.empty() ? std::string() : ": \"" + wrong_ + "\" is not clear") +
                            ". Ask for a count, sum, mean, minimum, maximum or median of a column, "
                            "by another one, where a column is a value, or for the top rows.");
        }
        return std::move(plan_);
    }

  private:
    void refuse() {
        if (!refused_ && at_ < words_.size()) wrong_ = words_[at_];
        refused_ = true;
    }

    /// Takes these words if they come next.
    bool take(std::initializer_list<std::string_view> wanted) {
        if (words_.size() - at_ < wanted.size()) return false;
        if (!std::equal(wanted.begin(), wanted.end(), words_.begin() + static_cast<long>(at_))) {
            return false;
        }
        at_ += wanted.size();
        return true;
    }
    bool take_any(std::initializer_list<std::string_view> wanted) {
        return std::any_of(wanted.begin(), wanted.end(),
                           [&](std::string_view word) { return take({word}); });
    }
    void skip_articles() {
        while (take_any({"the", "a", "an", "of", "all", "its", "their"})) {
        }
    }

    /// The column of the longest name that comes next.
    const ColumnProfile* take_column() {
        const std::size_t before = at_;
        skip_articles();
        const ColumnProfile* best = nullptr;
        std::size_t length = 0;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            const Words& name = names_[i];
            if (name.empty() || name.size() <= length || name.size() > words_.size() - at_)
                continue;
            if (!std::equal(
                    name.begin(), name.end(), words_.begin() + static_cast<long>(at_),
                    [](const auto& named, const auto& asked) { return same_word(asked, named); })) {
                continue;
            }
            best = &columns_[i];
            length = name.size();
        }
        at_ = best == nullptr ? before : at_ + length;
        return best;
    }

    std::optional<Function> take_function() {
        if (at_ == words_.size()) return std::nullopt;
        const auto function = function_named(words_[at_]);
        if (function) ++at_;
        return function;
    }

    bool take_part() {
        if (take({"how", "many"}) || take({"number", "of"}) || take({"count"})) return take_count();
        if (take_any({"top", "bottom"})) return take_ranking(words_[at_ - 1] == "top");
        if (take({"which"})) return take_which();
        if (take_any({"where", "with", "when", "if", "whose"})) return take_filters();
        if (take({"grouped", "by"}) || take({"for", "each"}) || take({"for", "every"}) ||
            take_any({"by", "per"})) {
            return take_groups();
        }
        if (const auto function = take_function()) return take_aggregate(*function);
        return take({"in", "the", "table"}) || take({"in", "the", "file"}) ||
               take({"in", "this", "file"}) || take({"in", "this", "table"}) ||
               take_any({"what", "what's", "is", "are", "was", "were", "the", "a", "an", "there",
                         "please", "show", "me", "list", "give", "and", "compute", "calculate"});
    }

    bool take_count() {
        skip_articles();
        if (counts_ || ranks_) return false;
        if (!take_any({"rows", "row", "records", "entries", "lines", "observations"})) return false;
        counts_ = true;
        take_any({"are", "does", "have"});
        take({"there"});
        return true;
    }

    bool take_aggregate(Function function) {
        const ColumnProfile* column = take_column();
        if (column == nullptr || !is_number_column(*column)) return false;
        plan_.aggregates.push_back({function, column->name});
        return true;
    }

    bool take_groups() {
        do {
            const ColumnProfile* column = take_column();
            if (column == nullptr || ranks_) return false;
            plan_.group_by.push_back(column->name);
        } while (at_ + 1 < words_.size() && words_[at_] == "and" && next_is_column(at_ + 1) &&
                 take({"and"}));
        return true;
    }
    bool next_is_column(std::size_t at) {
        const std::size_t before = std::exchange(at_, at);
        const bool found = take_column() != nullptr;
        at_ = before;
        return found;
    }

    /// "top 5 [rows] by price", "top 5 names by price", "top 5 makes by mean price".
    bool take_ranking(bool descending) {
        if (ranks_ || counts_ || !plan_.aggregates.empty()) return false;
        ranks_ = true;
        long limit = 10;
        if (at_ < words_.size()) {
            const std::string& word = words_[at_];
            const auto [end, error] =
                std::from_chars(word.data(), word.data() + word.size(), limit);
            if (error == std::errc() && end == word.data() + word.size()) ++at_;
        }
        if (limit < 1 || limit > plan_rows_max) return false;
        plan_.limit = limit;
        const ColumnProfile* shown = nullptr;
        if (!take_any({"rows", "row", "records", "entries"})) shown = take_column();
        if (!take_any({"by", "with"})) return false;
        return take_ranked_by(shown, descending);
    }

    bool take_ranked_by(const ColumnProfile* shown, bool descending) {
        skip_articles();
        std::optional<Aggregate> aggregate;
        if (take({"count"}) || take({"number", "of", "rows"})) {
            aggregate = Aggregate{};
        } else if (const auto function = take_function()) {
            const ColumnProfile* column = take_column();
            if (column == nullptr || !is_number_column(*column)) return false;
            aggregate = Aggregate{*function, column->name};
        }
        if (aggregate) {
            if (shown == nullptr) return false;
            plan_.group_by = {shown->name};
            plan_.aggregates = {*aggregate};
            plan_.order = Order{name_of(*aggregate), descending};
            return true;
        }
        const ColumnProfile* column = take_column();
        if (column == nullptr) return false;
        if (shown != nullptr) plan_.select = {shown->name};
        if (shown != nullptr && shown != column) plan_.select.push_back(column->name);
        plan_.order = Order{column->name, descending};
        return true;
    }

    /// "which make has the highest [mean] price".
    bool take_which() {
        if (ranks_ || counts_ || !plan_.aggregates.empty()) return false;
        const ColumnProfile* shown = take_column();
        if (shown == nullptr || !take_any({"has", "had", "have"})) return false;
        ranks_ = true;
        plan_.limit = 1;
        skip_articles();
        if (take_any({"most", "fewest"})) {
            const bool most = words_[at_ - 1] == "most";
            if (!take_any({"rows", "records", "entries"})) return false;
            plan_.group_by = {shown->name};
            plan_.aggregates = {Aggregate{}};
            plan_.order = Order{"count", most};
            return true;
        }
        const auto extreme = take_function();
        if (extreme != Function::max && extreme != Function::min) return false;
        return take_ranked_by(shown, extreme == Function::max);
    }

    bool take_filters() {
        do {
            if (!take_filter()) return false;
        } while (at_ + 1 < words_.size() && words_[at_] == "and" && next_is_column(at_ + 1) &&
                 take({"and"}));
        return true;
    }

    std::optional<Comparison> take_comparison() {
        const bool is = take_any({"is", "are", "was", "were", "equals", "="});
        if (take_any({"missing", "empty"})) return Comparison::is_missing;
        if (take({"not", "missing"}) || take({"not", "empty"}) || take({"present"})) {
            return Comparison::is_present;
        }
        if (take({"!="}) || take({"not"})) return Comparison::not_equal;
        if (take({"at", "least"}) || take({">="})) return Comparison::greater_equal;
        if (take({"at", "most"}) || take({"<="})) return Comparison::less_equal;
        if (take({"greater", "than"}) || take({"more", "than"}) || take({"larger", "than"}) ||
            take_any({">", "over", "above", "exceeds"})) {
            return Comparison::greater;
        }
        if (take({"less", "than"}) || take({"smaller", "than"}) || take({"fewer", "than"}) ||
            take_any({"<", "under", "below"})) {
            return Comparison::less;
        }
        if (take({"contains"})) return Comparison::contains;
        return is ? std::optional(Comparison::equal) : std::nullopt;
    }

    bool take_filter() {
        const ColumnProfile* column = take_column();
        if (column == nullptr) return false;
        const auto comparison = take_comparison();
        if (!comparison) return false;
        Filter filter{column->name, *comparison, {}};
        if (*comparison != Comparison::is_missing && *comparison != Comparison::is_present) {
            filter.value = take_value();
            if (filter.value.empty()) return false;
            const bool sized =
                *comparison == Comparison::less || *comparison == Comparison::less_equal ||
                *comparison == Comparison::greater || *comparison == Comparison::greater_equal;
            if (sized && is_number_column(*column) && !parse_number(filter.value)) return false;
        }
        plan_.filters.push_back(std::move(filter));
        return true;
    }

    /// What stands in quotation marks, else the words up to the next part of the question.
    std::string take_value() {
        if (at_ < words_.size() && words_[at_].starts_with('"')) return words_[at_++].substr(1);
        std::string value;
        while (at_ < words_.size()) {
            const std::string& word = words_[at_];
            if (word == "and" || word == "by" || word == "per" || word == "grouped" ||
                (word == "for" && at_ + 1 < words_.size() &&
                 (words_[at_ + 1] == "each" || words_[at_ + 1] == "every"))) {
                break;
            }
            value += (value.empty() ? "" : " ") + word;
            ++at_;
        }
        return value;
    }

    Words words_;
    const std::vector<ColumnProfile>& columns_;
    std::vector<Words> names_;
    std::size_t at_ = 0;
    Plan plan_;
    bool counts_ = false;  ///< rows are asked for by number
    bool ranks_ = false;   ///< "top …", "which … has the highest …"
    bool refused_ = false;
    std::string wrong_;
};

}  // namespace

bool may_ask_for_computation(std::string_view question) {
    static constexpr std::string_view telling[] = {"count", "top", "bottom", "which"};
    const Words words = split_words(question);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view next = i + 1 < words.size() ? std::string_view(words[i + 1]) : "";
        if ((words[i] == "how" && next == "many") || (words[i] == "number" && next == "of")) {
            return true;
        }
        if (function_named(words[i]) || std::ranges::find(telling, words[i]) != std::end(telling)) {
            return true;
        }
    }
    return false;
}

Result<Plan> plan_question(std::string_view question, const std::vector<ColumnProfile>& columns) {
    return Parser(question, columns).parse();
}

}  // namespace stoa::tables
