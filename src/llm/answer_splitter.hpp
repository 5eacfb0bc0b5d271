// SPDX-License-Identifier: Apache-2.0
// Parts a model's growing text into the answer, which may be shown at once, and what it was asked
// to put behind it: a block that declares what the answer rests on, or at least a list of follow-up
// questions. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoa::llm {

class AnswerSplitter {
  public:
    /// The line after which a bare list stands; case and Markdown's marks around it do not matter.
    static constexpr std::string_view list_marker = "follow-up questions:";
    /// What a block begins with (declaration.hpp); three backticks end it.
    static constexpr std::string_view block_marker = "```sources";

    /// What of the answer may be shown after these bytes; held back is what may still become the
    /// marker, and white space that may stand before it.
    std::string feed(std::string_view bytes);
    /// The rest of the answer once the text has ended.
    std::string finish();
    /// Those of the bare list, at most three.
    [[nodiscard]] std::vector<std::string> follow_ups() const;
    /// What stands in the block; empty if there is none.
    [[nodiscard]] std::string_view block() const;

  private:
    [[nodiscard]] bool is_marker_possible() const;

    std::string held_;
    std::string behind_;
    bool at_start_ = true;
    bool is_behind_ = false;
    bool is_block_ = false;
};

}  // namespace stoa::llm
