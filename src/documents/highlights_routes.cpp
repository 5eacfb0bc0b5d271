// SPDX-License-Identifier: Apache-2.0
#include "documents/highlights_routes.hpp"

#include "http/routes.hpp"

#include <utility>

namespace stoa::documents::routes {
namespace {

struct ListQuery {
    std::optional<Int<1, 20'000>> page;
    std::optional<Visibility> visibility;
    std::optional<RoomId> room_id;
    std::optional<bool> orphans;
    std::optional<bool> mine;
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (page, visibility, room_id, orphans, mine, limit, cursor))

Result<DocumentId> document_in(const http::Request& request) {
    if (const auto id = DocumentId::parse(request.path_parameter("doc_id"))) return *id;
    return fail(ErrorKind::not_found, "document_not_found", "There is no such document.");
}

Result<HighlightId> highlight_in(const http::Request& request) {
    if (const auto id = HighlightId::parse(request.path_parameter("highlight_id"))) return *id;
    return fail(ErrorKind::not_found, "highlight_not_found", "There is no such highlight.");
}

}  // namespace

http::Handler highlights(Highlights& marks) {
    return http::endpoint(
        [&marks](const http::Request& request) -> Result<http::Listing<Highlight>> {
            const auto document = document_in(request);
            if (!document) return fail(document);
            const auto query = request.query_as<ListQuery>();
            if (!query) return fail(query);
            HighlightFilter filter;
            if (query->page) filter.page = static_cast<int>(query->page->value);
            filter.visibility = query->visibility;
            filter.room = query->room_id;
            filter.orphans = query->orphans.value_or(false);
            filter.mine = query->mine.value_or(false);
            if (query->limit) filter.limit = query->limit->value;
            filter.cursor = text_of(query->cursor);
            return marks.list(request.caller->user, *document, filter);
        });
}

http::Handler create_highlight(Highlights& marks) {
    return http::endpoint_with_body<NewHighlight>(
        [&marks](const http::Request& request,
                 const NewHighlight& wanted) -> Result<http::Created<Highlight>> {
            const auto document = document_in(request);
            if (!document) return fail(document);
            auto created = marks.create(request.caller->user, *document, wanted);
            if (!created) return fail(created);
            return http::Created<Highlight>{std::move(created->highlight)};
        });
}

http::Handler change_highlight(Highlights& marks) {
    return http::endpoint_with_body<HighlightChange>(
        [&marks](const http::Request& request, const HighlightChange& change) -> Result<Highlight> {
            const auto document = document_in(request);
            if (!document) return fail(document);
            const auto id = highlight_in(request);
            if (!id) return fail(id);
            return marks.change(request.caller->user, *document, *id, change);
        });
}

http::Handler delete_highlight(Highlights& marks) {
    return http::endpoint([&marks](const http::Request& request) -> Result<void> {
        const auto document = document_in(request);
        if (!document) return fail(document);
        const auto id = highlight_in(request);
        if (!id) return fail(id);
        return marks.remove(request.caller->user, *document, *id);
    });
}

}  // namespace stoa::documents::routes
