// SPDX-License-Identifier: Apache-2.0
// Reason phrases (RFC 9110, 15), and problem documents for statuses that no kind of error has:
// those that only the HTTP layer itself answers (405, 408, 414, 431, …), or a protocol on top of it
// (412). Pure functions; any thread.
#pragma once

#include "http/message.hpp"

namespace stoa::http {

/// What the HTTP layer refuses before any feature is asked.
struct Refusal {
    int status;
    std::string_view code;
    std::string detail;
};

std::string_view reason_of(int status);
std::string_view method_name(Method method);

Response problem_of(const Refusal& refusal, std::string_view request_id,
                    const std::vector<FieldError>& fields = {},
                    std::string_view extensions_json = {});

}  // namespace stoa::http
