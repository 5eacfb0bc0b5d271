// SPDX-License-Identifier: Apache-2.0
// The part of Messages that lists them: pages written from the rows, and kept.
#include "chat/message_row.hpp"
#include "chat/messages.hpp"
#include "chat/sql.hpp"

#include <algorithm>

namespace stoa::chat {
namespace {

/// A page copies its rows' text once, into the JSON.
struct ListedRow : BasicMessageRow<std::string_view> {
    std::optional<std::string_view> user_version;
};
BOOST_DESCRIBE_STRUCT(ListedRow, (BasicMessageRow<std::string_view>), (user_version))

template <class T>
bool contains(const std::vector<T>& items, const T& item) {
    return std::ranges::find(items, item) != items.end();
}

/// What the row shows beside the room's own: its author as they are now, and its document.
void add_sources(rooms::PageSources& sources, const ListedRow& row) {
    if (row.user_id && !contains(sources.users, *row.user_id)) {
        sources.users.push_back(*row.user_id);
        sources.user_versions.emplace_back(row.user_version.value_or(""));
    }
    if (row.document_id && !contains(sources.documents, *row.document_id)) {
        sources.documents.push_back(*row.document_id);
    }
}

postgres::Call listing(const RoomId& room, const MessageFilter& filter) {
    const auto& query = filter.oldest_first ? sql::list_messages_after : sql::list_messages_before;
    return postgres::make_call(query, room, filter.before_seq, filter.after_seq, filter.text,
                               filter.is_pinned, filter.limit + 1);
}

std::shared_ptr<Page> write_page(const postgres::Rows& rows, const MessageFilter& filter) {
    constexpr std::size_t usual_bytes = 640;  // of a message
    const auto limit = static_cast<std::size_t>(filter.limit);
    auto page = std::make_shared<Page>();
    auto& out = page->json;
    out.reserve(std::min(rows.size(), limit) * usual_bytes);
    out += R"({"items":[)";
    std::int64_t last = 0;
    rows.for_each<ListedRow>(limit, [&](ListedRow&& row) {
        if (last != 0) out += ',';
        add_sources(page->sources, row);
        last = row.seq;
        json::write(out, to_message(std::move(row)));
    });
    out += R"(],"next_cursor":)";
    if (rows.size() > limit)
        json::append_string(out, std::to_string(last));
    else
        out += "null";
    out += '}';
    if (out.capacity() - out.size() > out.size() / 4) out.shrink_to_fit();
    return page;
}

}  // namespace

Result<std::shared_ptr<const Page>> Messages::list(const http::Bearer& asker, const RoomId& room,
                                                   const MessageFilter& filter) {
    const auto kept = pages_.find(room, filter);
    std::optional<postgres::Call> together;
    // A search may read the whole room: nothing that is done for whoever asks.
    if (!kept && !filter.text) together = listing(room, filter);
    auto access = rooms_.access_page(asker, room, kept ? kept->sources : rooms::PageSources{},
                                     std::move(together));
    if (!access) return fail(access);
    pages_.count(access->is_unchanged);
    if (access->is_unchanged) return kept;
    if (!access->rows) {
        postgres::Batch batch;
        batch.append(listing(room, filter));
        auto rows = database_.run(batch);
        if (!rows) return fail(rows);
        access->rows = std::move(rows->front());
    }
    auto page = write_page(*access->rows, filter);
    // The rows were read after the sequence: they may be newer than it says, but never older.
    page->sources.last_seq = access->last_seq;
    pages_.put(room, filter, page);
    return std::shared_ptr<const Page>(std::move(page));
}

}  // namespace stoa::chat
