// SPDX-License-Identifier: Apache-2.0
// The part of Messages that lists them: pages written from the rows, and kept.
#include "chat/message_row.hpp"
#include "chat/messages.hpp"
#include "chat/sql.hpp"

#include <algorithm>

namespace stoa::chat {
namespace {

struct ListedRow : MessageRow {
    std::optional<std::string> user_version;
};
BOOST_DESCRIBE_STRUCT(ListedRow, (MessageRow), (user_version))

template <class T>
bool contains(const std::vector<T>& items, const T& item) {
    return std::ranges::find(items, item) != items.end();
}

/// What the row shows beside the room's own: its author as they are now, and its document.
void add_sources(rooms::PageSources& sources, const ListedRow& row) {
    if (row.user_id && !contains(sources.users, *row.user_id)) {
        sources.users.push_back(*row.user_id);
        sources.user_versions.push_back(row.user_version.value_or(""));
    }
    if (row.document_id && !contains(sources.documents, *row.document_id)) {
        sources.documents.push_back(*row.document_id);
    }
}

}  // namespace

Result<std::shared_ptr<const Page>> Messages::list(const http::Bearer& asker, const RoomId& room,
                                                   const MessageFilter& filter) {
    const auto kept = pages_.find(room, filter);
    const auto access =
        rooms_.access_page(asker, room, kept ? kept->sources : rooms::PageSources{});
    if (!access) return fail(access);
    pages_.count(access->is_unchanged);
    if (access->is_unchanged) return kept;
    auto page = write_page(room, filter);
    if (!page) return fail(page);
    // The rows were read after the sequence: they may be newer than it says, but never older.
    (*page)->sources.last_seq = access->last_seq;
    pages_.put(room, filter, *page);
    return std::shared_ptr<const Page>(std::move(*page));
}

Result<std::shared_ptr<Page>> Messages::write_page(const RoomId& room,
                                                   const MessageFilter& filter) {
    const auto& query = filter.oldest_first ? sql::list_messages_after : sql::list_messages_before;
    const auto rows = database_.run(query, room, filter.before_seq, filter.after_seq, filter.text,
                                    filter.is_pinned, filter.limit + 1);
    if (!rows) return fail(rows);
    constexpr std::size_t usual_bytes = 768;  // of a message
    const auto limit = static_cast<std::size_t>(filter.limit);
    auto page = std::make_shared<Page>();
    auto& out = page->json;
    out.reserve(std::min(rows->size(), limit) * usual_bytes);
    out += R"({"items":[)";
    std::int64_t last = 0;
    for (auto& row : rows->all<ListedRow>(limit)) {
        if (last != 0) out += ',';
        add_sources(page->sources, row);
        last = row.seq;
        json::write(out, to_message(std::move(row)));
    }
    out += R"(],"next_cursor":)";
    if (rows->size() > limit)
        json::append_string(out, std::to_string(last));
    else
        out += "null";
    out += '}';
    out.shrink_to_fit();
    return page;
}

}  // namespace stoa::chat
