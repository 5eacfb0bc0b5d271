// SPDX-License-Identifier: Apache-2.0
// The JSON bodies that the API takes, read into the structs its routes read them into: what is
// taken is taken again, unchanged, when it is written; what is refused gives a problem document
// that is JSON.
#include "accounts/profiles.hpp"
#include "accounts/sign_in.hpp"
#include "chat/messages.hpp"
#include "chat/socratic.hpp"
#include "documents/documents.hpp"
#include "documents/highlights.hpp"
#include "http/message.hpp"
#include "rooms/rooms.hpp"
#include "tutor/tutor.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

namespace {

template <class T>
void check(std::string_view text) {
    namespace json = stoa::json;
    const auto taken = json::read<T>(text);
    if (!taken) {
        const auto answer = stoa::http::problem(taken.error(), "id");
        if (answer.status != 400 && answer.status != 422) std::abort();
        if (!json::parse(std::get<std::string>(answer.body))) std::abort();
        return;
    }
    const auto written = json::to_text(*taken);
    const auto again = json::read<T>(written);
    if (!again || json::to_text(*again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check<stoa::accounts::ProfileChange>(text);
    check<stoa::accounts::SignedChallenge>(text);
    check<stoa::rooms::NewRoom>(text);
    check<stoa::rooms::RoomChange>(text);
    check<stoa::rooms::ParticipantChange>(text);
    check<stoa::chat::NewMessage>(text);
    check<stoa::chat::SocraticQuery>(text);
    check<stoa::documents::DocumentChange>(text);
    check<stoa::documents::Share>(text);
    check<stoa::documents::NewHighlight>(text);
    check<stoa::documents::HighlightChange>(text);
    check<stoa::tutor::Question>(text);
    return 0;
}
