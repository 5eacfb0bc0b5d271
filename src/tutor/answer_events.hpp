// SPDX-License-Identifier: Apache-2.0
// The server-sent events of an answer: what each holds, and how it is written. Pure functions; any
// thread.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"
#include "tutor/answer_log.hpp"
#include "tutor/tutor.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::tutor {

std::string sources_event(const Prepared& prepared, const std::vector<Source>& sources);
std::string delta_event(std::string_view delta);
/// What was told of the answer is void; who answers instead.
std::string restart_event(std::string_view provider);
std::string follow_ups_event(const std::vector<std::string>& questions);
std::string error_event(const Error& error, std::string_view request_id);
/// A stored answer, whole: what was told of it before is void.
std::vector<AnswerEvent> whole_answer(const StoredAnswer& stored);

/// `number` 0: no event to resume from, so it has no id.
std::string to_sse(const RowId& message, std::size_t number, std::string_view type,
                   std::string_view data);
/// The last of a whole answer.
std::string to_last_sse(const RowId& message, std::string_view type, std::string_view data);

}  // namespace stoa::tutor
