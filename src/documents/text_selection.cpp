// SPDX-License-Identifier: Apache-2.0
#include "documents/text_selection.hpp"

#include "documents/opened_pages.hpp"
#include "documents/sql.hpp"

#include <algorithm>
#include <utility>

namespace stoa::documents {
namespace {

constexpr std::size_t candidates_max = 20;
constexpr double coordinate_max = 20'000;  // points; PDF's largest page has 14,400

tl::unexpected<Error> document_replaced() {
    return fail(ErrorKind::conflict, "document_replaced",
                "The document was replaced meanwhile; select the words in its new version.");
}

Result<void> check_selection(const TextSelection& selection, const Readiness& document) {
    Error error{
        ErrorKind::invalid, "validation_failed", "The highlight is not possible as it is.", {}, {}};
    if (selection.page && *selection.page > document.page_count) {
        error.fields.push_back({{"body", "page"},
                                "The document has " + std::to_string(document.page_count) +
                                    " pages; input should be one of them",
                                "value_error"});
    }
    for (std::size_t i = 0; i < selection.boxes.size(); ++i) {
        const auto& box = selection.boxes[i];
        const auto is_far = [](double side) {
            return side < -coordinate_max || side > coordinate_max;
        };
        if (box.x0 < box.x1 && box.y0 < box.y1 && !is_far(box.x0) && !is_far(box.x1) &&
            !is_far(box.y0) && !is_far(box.y1)) {
            continue;
        }
        error.fields.push_back({{"body", "boxes", std::to_string(i)},
                                "Input should be a rectangle in points with x0 < x1 and y0 < y1",
                                "value_error"});
    }
    if (error.fields.empty()) return {};
    // Sockets tell the sentence alone.
    error.message = error.fields[0].loc[1] + ": " + error.fields[0].msg + '.';
    return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> quote_not_found() {
    Error error{
        ErrorKind::invalid,
        "quote_not_found",
        "The quote does not stand in the document; give its words as the document has them.",
        {},
        {}};
    error.fields.push_back(
        {{"body", "quote"}, "Input should stand in the document word for word", "value_error"});
    return tl::unexpected<Error>(std::move(error));
}

Result<std::vector<Candidate>> find_on(OpenedPages& pages, const PageRange& range,
                                       const FoldedSelector& selector, std::optional<int> page) {
    std::vector<Candidate> found;
    auto visited =
        pages.visit_runs(range, selector.around.size() + context_code_points,
                         [&](const FoldedPages& run, const PageRange& own) -> Result<void> {
                             find_exact(run, own, selector, found);
                             std::ranges::sort(found, [&](const Candidate& a, const Candidate& b) {
                                 return is_better(a, b, page);
                             });
                             if (found.size() > candidates_max) found.resize(candidates_max);
                             return {};
                         });
    if (!visited) return fail(visited);
    return found;
}

/// On the page that was named and those beside it, else anywhere; the best first.
Result<std::vector<Candidate>> find_candidates(OpenedPages& pages, int page_count,
                                               const FoldedSelector& selector,
                                               std::optional<int> page) {
    if (page) {
        const PageRange near{std::max(1, *page - 1), std::min(page_count, *page + 2)};
        auto found = find_on(pages, near, selector, page);
        if (!found || !found->empty()) {
            if (found) {  // what touches the page itself goes before its neighbours
                std::ranges::stable_partition(*found, [&](const Candidate& candidate) {
                    return candidate.page <= *page && *page <= candidate.page_end;
                });
            }
            return found;
        }
    }
    return find_on(pages, {1, page_count}, selector, page);
}

double overlap_of(const std::vector<PageBox>& a, const std::vector<PageBox>& b) {
    double area = 0;
    for (const auto& one : a) {
        for (const auto& other : b) {
            if (one.page != other.page) continue;
            const double width = std::min(one.x1, other.x1) - std::max(one.x0, other.x0);
            const double height = std::min(one.y1, other.y1) - std::max(one.y0, other.y0);
            if (width > 0 && height > 0) area += width * height;
        }
    }
    return area;
}

Result<Anchor> open_anchor(OpenedPages& pages, const Candidate& candidate) {
    const auto around = pages.list({candidate.page - 1, candidate.page_end + 1});
    if (!around) return fail(around);
    auto anchor = anchor_at(candidate, *around);
    if (!anchor) return document_replaced();
    return std::move(*anchor);
}

/// The best candidate; of those that are equally good on the same pages, the one that was touched.
Result<Anchor> choose(OpenedPages& pages, const std::vector<Candidate>& candidates,
                      const std::vector<PageBox>& boxes) {
    const auto& first = candidates.front();
    auto best = open_anchor(pages, first);
    if (!best || boxes.empty()) return best;
    double most = overlap_of(best->boxes, boxes);
    for (const auto& candidate : candidates) {
        const bool is_equal = candidate.page == first.page && candidate.context == first.context &&
                              candidate.begin != first.begin;
        if (!is_equal) continue;
        auto other = open_anchor(pages, candidate);
        if (!other) return other;
        const double overlap = overlap_of(other->boxes, boxes);
        if (overlap <= most) continue;
        most = overlap;
        best = std::move(other);
    }
    return best;
}

}  // namespace

Result<LocatedSelection> locate_selection(postgres::Database& database, accounts::SubjectKeys& keys,
                                          const DocumentId& document,
                                          const TextSelection& selection) {
    const auto found = database.find<Readiness>(sql::find_readiness, document);
    if (!found) return fail(found);
    if (!*found || !(*found)->is_ready) {
        return fail(ErrorKind::conflict, "document_not_ready",
                    "The document cannot be read yet; wait until its status is \"ready\".");
    }
    const auto& readiness = **found;
    if (auto checked = check_selection(selection, readiness); !checked) return fail(checked);
    const auto key = keys.key_of(readiness.owner);
    if (!key) return fail(key);
    OpenedPages pages(database, *key, document);
    const FoldedSelector selector(selection.selector);
    const auto candidates = find_candidates(pages, readiness.page_count, selector, selection.page);
    if (!candidates) return fail(candidates);
    if (candidates->empty()) return quote_not_found();
    auto anchor = choose(pages, *candidates, selection.boxes);
    if (!anchor) return fail(anchor);
    return LocatedSelection{std::move(*anchor), readiness.version};
}

Result<void> lock_version(postgres::Session& session, const DocumentId& document, int version) {
    const auto locked = session.find<DocumentId>(sql::lock_version, document, version);
    if (!locked) return fail(locked);
    if (!*locked) return document_replaced();
    return {};
}

}  // namespace stoa::documents
