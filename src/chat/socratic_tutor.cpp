// SPDX-License-Identifier: Apache-2.0
// The only place where chat meets the tutor.
#include "chat/socratic.hpp"
#include "tutor/tutor.hpp"

namespace stoa::chat {

Answerer answer_with(tutor::Tutor& tutor) {
    return [&tutor](const AskedInRoom& asked, const Told& told) -> Result<std::string> {
        const documents::Scope scope{asked.user, asked.query.document_id, asked.room};
        const tutor::Question question{asked.query.question, asked.query.conversation_id,
                                       tutor::Mode::socratic};
        tutor::Progress progress;
        progress.on_delta = told.on_delta;
        progress.on_restart = [&](std::string_view) { return told.on_restart(); };
        const auto answer = tutor.ask(scope, question, progress);
        if (!answer) return fail(answer);
        return json::to_text(*answer);
    };
}

}  // namespace stoa::chat
