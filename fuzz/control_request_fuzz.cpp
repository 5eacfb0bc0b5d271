// SPDX-License-Identifier: Apache-2.0
// Whatever is taken for a broadcast of Celery's remote control keeps its promises: it asks for
// something, and its answer goes to a list for replies of bounded length or nowhere.
#include "jobs/remote_control.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto request =
        stoa::jobs::read_control_request({reinterpret_cast<const char*>(data), size});
    if (!request) return 0;
    const auto& list = request->reply_list;
    const bool is_reply = list.find(".reply.") != std::string::npos && list.size() <= 201;
    if (request->method.empty() || (!list.empty() && !is_reply) ||
        request->destination.size() > 1'000 || (request->expires && !(*request->expires > 0)))
        std::abort();
    return 0;
}
