// SPDX-License-Identifier: Apache-2.0
// Parts a model's growing text into the answer, which may be shown at once, and the list of
// follow-up questions that it was asked to put behind it. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoa::llm {

class AnswerSplitter {
  public:
    /// The line after which the list stands; case and Markdown's marks around it do not matter.
    static constexpr std::string_view marker = "follow-up questions:";

    /// What of the answer may be shown after these bytes; held back is what may still become the
    /// marker, and white space that may stand before it.
    std::string feed(std::string_view bytes);
    /// The rest of the answer once the text has ended.
    std::string finish();
    /// At most three.
    [[nodiscard]] std::vector<std::string> follow_ups() const;

  private:
    bool is_marker_possible() const;

    std::string held_;
    std::string behind_;
    bool at_start_ = true;
    bool is_behind_ = false;
};

}  // namespace stoa::llm
