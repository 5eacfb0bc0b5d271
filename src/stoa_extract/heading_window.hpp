// SPDX-License-Identifier: AGPL-3.0-or-later
// The headings of a PDF without an outline, told by how their lines are set: larger than the
// running text, or bold and standing alone; levels are ranks of size. What is usual in a document
// shows only over some pages, so pages wait here, at most so many, and are written together. One
// thread.
#pragma once

#include "stoa_extract/frame_writer.hpp"
#include "stoa_extract/printed_line.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stoa::extract {

class HeadingWindow {
  public:
    /// Takes a page with its lines, in the order of its text; writes those that have waited long
    /// enough.
    void add(Page&& page, std::vector<PrintedLine>&& lines);
    /// Writes all pages that wait.
    void flush();

  private:
    struct Waiting {
        Page page;
        std::vector<PrintedLine> lines;
        float top, bottom;  ///< baselines of the highest and of the lowest line
    };
    struct Candidate {
        std::size_t first, last;  ///< of the page's lines
        int size;                 ///< in quarters of a point
    };
    using Candidates = std::vector<Candidate>;

    void count(const std::vector<PrintedLine>& lines);
    void note_furniture();
    [[nodiscard]] bool is_furniture(const Waiting& waiting, std::size_t line) const;
    [[nodiscard]] bool stands_out(const PrintedLine& line) const;
    [[nodiscard]] bool stands_alone(const std::vector<PrintedLine>& lines, std::size_t at,
                                    std::string_view text) const;
    [[nodiscard]] bool may_be_heading(const Waiting& waiting, std::size_t line) const;
    [[nodiscard]] Candidates find_candidates(const Waiting& waiting) const;
    void keep_title_of_cover(const Waiting& waiting, Candidates& found) const;
    static void drop_labels(const Waiting& waiting, Candidates& found);
    static void drop_repeated(const Waiting& waiting, Candidates& found);
    void rank(const std::vector<Candidates>& found);
    [[nodiscard]] std::uint8_t level_of(const Candidate& candidate) const;

    std::vector<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::map<int, std::size_t> characters_;  ///< by size in quarters of a point
    std::map<int, std::size_t> leadings_;    ///< by tenths of the size of their lines
    float running_size_ = 0;                 ///< of the most characters so far
    float leading_ = 0;                      ///< of the most lines so far, in tenths of their size
    std::set<std::string> furniture_;        ///< of the last pages, without digits
    std::vector<int> ranks_;                 ///< sizes of headings, the greatest first; then fixed
    bool ranked_ = false;
};

}  // namespace stoa::extract
