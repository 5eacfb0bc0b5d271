// SPDX-License-Identifier: Apache-2.0
// Whatever is taken for a message comes out of our own writing as the same message. The arguments
// are not compared: a floating-point number may change in its last digit.
#include "jobs/celery_message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace jobs = stoa::jobs;
    const auto message = jobs::read_message({reinterpret_cast<const char*>(data), size});
    if (!message) return 0;
    const auto text = jobs::write_message(*message, "stoa");
    if (text.size() > jobs::message_bytes_max) return 0;
    const auto again = jobs::read_message(text);
    if (!again || again->id != message->id || again->task != message->task ||
        again->retries != message->retries || again->eta != message->eta)
        std::abort();
    return 0;
}
