// SPDX-License-Identifier: Apache-2.0
#include "tutor/conversations_routes.hpp"

#include "http/routes.hpp"
#include "tutor/conversation_export.hpp"

#include <utility>

namespace stoa::tutor::routes {
namespace {

struct ListQuery {
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (limit, cursor))

struct ExportQuery {
    std::optional<ExportFormat> format;
};
BOOST_DESCRIBE_STRUCT(ExportQuery, (), (format))

struct NewName {
    Text<1, 120> title;
};
BOOST_DESCRIBE_STRUCT(NewName, (), (title))

std::int64_t limit_of(const ListQuery& query) { return query.limit ? query.limit->value : 50; }

Result<ConversationId> id_in(const http::Request& request) {
    return request.path_id<ConversationId>("conversation_id");
}

}  // namespace

http::Handler conversations(Tutor& tutor) {
    return http::endpoint(
        [&tutor](const http::Request& request) -> Result<http::Listing<Conversation>> {
            const auto query = request.query_as<ListQuery>();
            if (!query) return fail(query);
            return tutor.conversations().list_all(request.caller->user, limit_of(*query),
                                                  text_of(query->cursor));
        });
}

http::Handler get_conversation(Tutor& tutor) {
    return http::endpoint([&tutor](const http::Request& request) -> Result<Conversation> {
        const auto id = id_in(request);
        if (!id) return fail(id);
        return tutor.conversations().find(request.caller->user, *id);
    });
}

http::Handler rename_conversation(Tutor& tutor) {
    return http::endpoint_with_body<NewName>(
        [&tutor](const http::Request& request, const NewName& name) -> Result<Conversation> {
            const auto id = id_in(request);
            if (!id) return fail(id);
            return tutor.conversations().rename(request.caller->user, *id, name.title.value);
        });
}

http::Handler delete_conversation(Tutor& tutor) {
    return http::endpoint([&tutor](const http::Request& request) -> Result<void> {
        const auto id = id_in(request);
        if (!id) return fail(id);
        return tutor.conversations().remove(request.caller->user, *id);
    });
}

http::Handler conversation_messages(Tutor& tutor) {
    return http::endpoint(
        [&tutor](const http::Request& request) -> Result<http::Listing<ConversationMessage>> {
            const auto id = id_in(request);
            if (!id) return fail(id);
            const auto query = request.query_as<ListQuery>();
            if (!query) return fail(query);
            const auto& user = request.caller->user;
            const auto found = tutor.read_conversation(user, *id);
            if (!found) return fail(found);
            return tutor.list_messages(user, *found, limit_of(*query), text_of(query->cursor));
        });
}

http::Handler export_conversation(Tutor& tutor) {
    return http::endpoint([&tutor](const http::Request& request) -> Result<http::Response> {
        const auto id = id_in(request);
        if (!id) return fail(id);
        const auto query = request.query_as<ExportQuery>();
        if (!query) return fail(query);
        const auto& user = request.caller->user;
        const auto found = tutor.read_conversation(user, *id);
        if (!found) return fail(found);
        return tutor::export_conversation(tutor, user, *found,
                                          query->format.value_or(ExportFormat::json));
    });
}

}  // namespace stoa::tutor::routes
