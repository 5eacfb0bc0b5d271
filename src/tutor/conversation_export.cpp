// SPDX-License-Identifier: Apache-2.0
#include "tutor/conversation_export.hpp"

#include <stdexcept>
#include <string>

namespace stoa::tutor {
namespace {

constexpr std::int64_t messages_per_page = 100;

/// One line: what is a heading or an item of a list must not end early.
std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return line;
}

std::string quotation(std::string_view text) {
    std::string quoted = "> ";
    for (const char c : text) {
        if (c == '\r') continue;
        quoted += c;
        if (c == '\n') quoted += "> ";
    }
    return quoted;
}

std::string markdown_of(const ConversationMessage& message) {
    if (message.role == "user") return quotation(message.content) + "\n\n";
    if (message.is_withheld) {
        return "*(The answer is withheld: what it was made from may not be read any more.)*\n\n";
    }
    std::string text = message.content + "\n\n";
    if (message.is_cut) text += "*(The answer was cut.)*\n\n";
    const auto sources = json::read<std::vector<Source>>(message.sources.text);
    if (!sources) throw std::runtime_error(sources.error().message);
    for (const auto& source : *sources) {
        text += "- [" + std::to_string(source.number) + "] " + one_line(source.title) + ", page " +
                std::to_string(source.page) + ": “" + one_line(source.quote) + "”\n";
    }
    if (!sources->empty()) text += '\n';
    return text;
}

class Exporter {
  public:
    Exporter(Tutor& tutor, UserId asker, Conversation conversation, ExportFormat format)
        : tutor_(tutor),
          asker_(asker),
          conversation_(std::move(conversation)),
          is_json_(format == ExportFormat::json) {}

    /// Throws if a page cannot be read; ends early if the peer is gone.
    void write(http::Stream& stream) const {
        const std::string begin =
            is_json_ ? R"({"conversation":)" + json::to_text(conversation_) + R"(,"messages":[)"
                     : "# " + one_line(conversation_.title) + "\n\n";
        if (stream.write(begin) && write_pages(stream) && is_json_) (void)stream.write("]}");
    }

  private:
    bool write_pages(http::Stream& stream) const {
        std::string_view separator;
        std::optional<std::string> cursor;
        do {
            const auto page =
                tutor_.list_messages(asker_, conversation_, messages_per_page, cursor);
            if (!page) throw std::runtime_error(page.error().message);
            std::string text;
            for (const auto& message : page->items) {
                text += is_json_ ? std::string(separator) + json::to_text(message)
                                 : markdown_of(message);
                separator = ",";
            }
            if (!stream.write(text)) return false;
            cursor = page->next_cursor;
        } while (cursor);
        return true;
    }

    Tutor& tutor_;
    UserId asker_;
    Conversation conversation_;
    bool is_json_;
};

}  // namespace

http::Response export_conversation(Tutor& tutor, const UserId& asker,
                                   const Conversation& conversation, ExportFormat format) {
    const bool is_json = format == ExportFormat::json;
    http::Response response;
    response.headers = {
        {"content-type", is_json ? "application/json" : "text/markdown; charset=utf-8"},
        {"content-disposition", "attachment; filename=\"conversation-" + conversation.id.str() +
                                    (is_json ? ".json\"" : ".md\"")},
        {"cache-control", "no-store"}};
    const Exporter exporter(tutor, asker, conversation, format);
    response.body = http::StreamBody([exporter](http::Stream& stream) { exporter.write(stream); });
    return response;
}

}  // namespace stoa::tutor
