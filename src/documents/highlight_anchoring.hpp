// SPDX-License-Identifier: Apache-2.0
// Where a quote stands in a document, as the W3C's Web Annotation model has it: a TextQuoteSelector
// (the quote and what stood around it) is looked for in the pages as they read, whatever breaks
// their lines, and where the document has changed also by edit distance. Pure; any thread.
#pragma once

#include "base/folded_text.hpp"
#include "base/json.hpp"
#include "documents/approximate_match.hpp"
#include "extraction/page.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::documents {

/// As far around a quote is compared, and kept (code points).
inline constexpr std::size_t context_code_points = 64;

struct TextQuoteSelector {
    std::string quote;
    std::string prefix;  ///< what stands right before it; empty if nothing is known
    std::string suffix;
};

/// The same, folded as the pages are.
struct FoldedSelector {
    explicit FoldedSelector(const TextQuoteSelector& selector);

    std::string quote;
    std::string around;  ///< prefix, quote and suffix as one text
    std::u32string quote_letters;
    std::u32string prefix_letters;
    std::u32string suffix_letters;
};

/// Pages that follow each other as one folded text: a page's end is white space like any other.
class FoldedPages {
  public:
    explicit FoldedPages(int first_page) : first_(first_page) {}
    void add(std::string_view page_text);
    /// Call once, behind the last page.
    void finish() { folder_.finish(); }

    [[nodiscard]] std::string_view text() const { return folder_.text(); }
    [[nodiscard]] int first_page() const { return first_; }
    [[nodiscard]] int last_page() const { return first_ + count_ - 1; }
    /// Where the page begins in `text`; of the page behind the last: its end.
    [[nodiscard]] std::size_t begin_of(int page) const;
    [[nodiscard]] int page_of(std::size_t place) const;

  private:
    TextFolder folder_{Folding::typography, TextFolder::Origins::forgotten};
    int first_;
    int count_ = 0;
};

struct PageRange {
    int first = 1;
    int last = 0;
};

/// A place where the quote may stand.
struct Candidate {
    int page = 0;
    int page_end = 0;
    std::size_t begin = 0;  ///< folded bytes from the first of `page`
    std::size_t size = 0;   ///< folded bytes
    double similarity = 1;  ///< to the quote; 1: it stands there
    double context = 0;     ///< likeness of what stands around; 0 if nothing is known of that
};

/// Adds the places that begin on the pages of `own` and read as the quote does, at most 1,000.
void find_exact(const FoldedPages& pages, const PageRange& own, const FoldedSelector& selector,
                std::vector<Candidate>& found);
/// Adds the few places that begin there and are nearest to it.
void find_similar(const FoldedPages& pages, const PageRange& own, const FoldedSelector& selector,
                  std::vector<Candidate>& found);

/// Whether `a` is the better place: by what it says, then by what stands around it, then by how far
/// it is from `page`, then the first one.
bool is_better(const Candidate& a, const Candidate& b, std::optional<int> page);

/// The place that a highlight is moved to, of all that are considered: few words, or changed ones,
/// must be among those that they stood among; a phrase that stands in one place alone need not.
class PlaceChoice {
  public:
    /// Those of `find_exact`.
    void consider_exact(const std::vector<Candidate>& found, const FoldedSelector& selector,
                        std::optional<int> page);
    /// Those of `find_similar`.
    void consider_similar(const std::vector<Candidate>& found, const FoldedSelector& selector,
                          std::optional<int> page);
    /// Whether nothing similar could be better.
    [[nodiscard]] bool is_sure() const { return best_.has_value(); }
    /// Nothing: the highlight is an orphan.
    [[nodiscard]] const std::optional<Candidate>& best() const {
        return best_ || exact_places_ != 1 ? best_ : phrase_;
    }

  private:
    std::optional<Candidate> best_;    ///< of those that are among the words of old
    std::optional<Candidate> phrase_;  ///< says all that was marked
    std::size_t exact_places_ = 0;
};

/// A rectangle on a page, in PDF points from its top left corner.
struct PageBox {
    int page = 0;
    double x0 = 0;
    double y0 = 0;
    double x1 = 0;
    double y1 = 0;
};
BOOST_DESCRIBE_STRUCT(PageBox, (), (page, x0, y0, x1, y1))

/// Where a highlight stands, and the words there. White space in them is single spaces.
struct Anchor {
    int page = 0;
    int page_end = 0;
    std::size_t text_begin = 0;  ///< byte of the text of `page`
    TextQuoteSelector selector;
    std::vector<PageBox> boxes;  ///< one for each line, page by page
};

/// `pages` are those of the candidate, and the one before and the one behind where there are.
/// Nothing if they are not the pages that the candidate was found on.
std::optional<Anchor> anchor_at(const Candidate& candidate,
                                const std::vector<extraction::Page>& pages);

}  // namespace stoa::documents
