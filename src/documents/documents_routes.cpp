// SPDX-License-Identifier: Apache-2.0
#include "documents/documents_routes.hpp"

#include "base/number.hpp"
#include "documents/upload_form.hpp"
#include "http/routes.hpp"
#include "tables/csv_writer.hpp"

#include <string>
#include <system_error>

namespace stoa::documents::routes {

namespace {

struct LibraryQuery {
    std::optional<Text<1, 255>> q;
    std::optional<Text<1, 50>> tag;
    std::optional<LibraryScope> scope;
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(LibraryQuery, (), (q, tag, scope, limit, cursor))

struct ListQuery {
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (limit, cursor))

struct FileQuery {
    std::optional<Int<1, INT32_MAX>> version;
};
BOOST_DESCRIBE_STRUCT(FileQuery, (), (version))

struct PermissionQuery {
    std::optional<RoomId> room_id;
    std::optional<UserId> user_id;
};
BOOST_DESCRIBE_STRUCT(PermissionQuery, (), (room_id, user_id))

struct PermissionBody {
    std::optional<RoomId> room_id;
    std::optional<UserId> user_id;
    Permission permission_type = Permission::read;
    std::optional<Time> expires_at;
};
BOOST_DESCRIBE_STRUCT(PermissionBody, (), (room_id, user_id, permission_type, expires_at))

struct TableQuestion {
    Text<1, 4000> question;
};
BOOST_DESCRIBE_STRUCT(TableQuestion, (), (question))

/// An endpoint for one document of the path: `act(user, document)`.
template <class F>
http::Handler for_document(F act) {
    return http::endpoint(
        [act](const http::Request& request) -> decltype(act(request, DocumentId{})) {
            const auto id = request.path_id<DocumentId>("doc_id");
            if (!id) return document_not_found();
            return act(request, *id);
        });
}

/// RFC 6266: a plain name for old clients, the true one as RFC 8187 has it.
std::string content_disposition(std::string_view file_name) {
    static constexpr std::string_view hex = "0123456789ABCDEF";
    std::string plain;
    std::string encoded;
    for (const char c : file_name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_word = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                             (byte >= 'a' && byte <= 'z') || c == '-' || c == '.' || c == '_';
        plain.push_back(is_word || c == ' ' ? c : '_');
        if (is_word) {
            encoded.push_back(c);
        } else {
            encoded.push_back('%');
            encoded.push_back(hex[byte >> 4]);
            encoded.push_back(hex[byte & 15]);
        }
    }
    return "inline; filename=\"" + plain + "\"; filename*=UTF-8''" + encoded;
}

Result<http::Response> file_response(Documents& documents, const Granted& granted,
                                     const http::Request& request) {
    const auto& document = granted.document;
    auto source = documents.open_original(granted);
    if (!source) return fail(source);
    http::Response response;
    response.headers = {{"content-type", document.mime_type},
                        {"content-disposition", content_disposition(document.file_name)},
                        {"cache-control", "private, no-cache"},
                        {"content-security-policy", "sandbox; default-src 'none'"}};
    // The file never changes; another one has another id.
    const auto& file = granted.original.file;
    http::FileBody body{std::move(*source), '"' + file.str() + '"',
                        std::chrono::system_clock::to_time_t(made_at(file.uuid))};
    if (http::sends_whole_file(body, request)) documents.count_download(document.id);
    response.body = std::move(body);
    return response;
}

}  // namespace

http::Handler upload(Documents& documents) {
    return http::endpoint(
        [&documents](const http::Request& request) -> Result<http::Accepted<Document>> {
            auto form = read_upload_form(request.parts);
            if (!form) return fail(form);
            auto document = documents.upload(request.caller->user, *form);
            if (!document) return fail(document);
            return http::Accepted<Document>{std::move(*document)};
        });
}

http::Handler library(Documents& documents) {
    return http::endpoint(
        [&documents](const http::Request& request) -> Result<http::Listing<FoundDocument>> {
            const auto query = request.query_as<LibraryQuery>();
            if (!query) return fail(query);
            LibraryFilter filter;
            filter.scope = query->scope.value_or(LibraryScope::mine);
            filter.text = text_of(query->q);
            filter.tag = text_of(query->tag);
            if (query->limit) filter.limit = query->limit->value;
            filter.cursor = text_of(query->cursor);
            return documents.list(request.caller->user, filter);
        });
}

http::Handler usage(Documents& documents) {
    return http::endpoint([&documents](const http::Request& request) {
        return documents.usage(request.caller->user);
    });
}

http::Handler get(Documents& documents) {
    return for_document(
        [&documents](const http::Request& request, const DocumentId& id) -> Result<Document> {
            auto granted = documents.access_document(request.caller->user, id);
            if (!granted) return fail(granted);
            return std::move(granted->document);
        });
}

http::Handler change(Documents& documents) {
    return http::endpoint_with_body<DocumentChange>(
        [&documents](const http::Request& request,
                     const DocumentChange& change) -> Result<Document> {
            const auto id = request.path_id<DocumentId>("doc_id");
            if (!id) return fail(id);
            return documents.change(request.caller->user, *id, change);
        });
}

http::Handler remove(Documents& documents) {
    return for_document([&documents](const http::Request& request, const DocumentId& id) {
        return documents.remove(request.caller->user, id);
    });
}

http::Handler file(Documents& documents) {
    return for_document([&documents](const http::Request& request,
                                     const DocumentId& id) -> Result<http::Response> {
        const auto query = request.query_as<FileQuery>();
        if (!query) return fail(query);
        const auto& user = request.caller->user;
        const auto granted = query->version ? documents.access_version(
                                                  user, id, static_cast<int>(query->version->value))
                                            : documents.access_document(user, id);
        if (!granted) return fail(granted);
        return file_response(documents, *granted, request);
    });
}

http::Handler replace_file(Documents& documents) {
    return for_document([&documents](const http::Request& request,
                                     const DocumentId& id) -> Result<http::Accepted<Document>> {
        const auto file = read_file_form(request.parts);
        if (!file) return fail(file);
        auto document = documents.replace(request.caller->user, id, *file);
        if (!document) return fail(document);
        return http::Accepted<Document>{std::move(*document)};
    });
}

http::Handler page(Documents& documents) {
    return for_document(
        [&documents](const http::Request& request, const DocumentId& id) -> Result<PageView> {
            const auto page = parse_number<int>(request.path_parameter("page"));
            return documents.page(request.caller->user, id, page.value_or(0));
        });
}

http::Handler profile(TableQuestions& tables) {
    return for_document([&tables](const http::Request& request, const DocumentId& id) {
        return tables.profile(request.caller->user, id);
    });
}

http::Handler query_table(TableQuestions& tables) {
    return http::endpoint_with_body<TableQuestion>([&tables](const http::Request& request,
                                                             const TableQuestion& asked)
                                                       -> Result<http::Response> {
        const auto id = request.path_id<DocumentId>("doc_id");
        if (!id) return fail(id);
        const auto computed = tables.query(request.caller->user, *id, asked.question.value);
        if (!computed) return fail(computed);
        const auto accept = request.find_header("accept");
        if (!accept || accept->find("text/csv") == std::string_view::npos) {
            return http::Response::json_text(200, json::to_text(*computed));
        }
        auto response = http::Response::text(200, "text/csv; charset=utf-8; header=present",
                                             tables::write_csv(computed->columns, computed->rows));
        response.headers.emplace_back("content-disposition", "attachment; filename=\"answer.csv\"");
        return response;
    });
}

http::Handler share(Documents& documents) {
    return http::endpoint_with_body<Share>(
        [&documents](const http::Request& request, const Share& share) {
            return documents.share(request.caller->user, share);
        });
}

http::Handler permissions(Documents& documents) {
    return for_document([&documents](const http::Request& request, const DocumentId& id) {
        return documents.permissions(request.caller->user, id);
    });
}

http::Handler put_permission(Documents& documents) {
    return http::endpoint_with_body<PermissionBody>(
        [&documents](const http::Request& request,
                     const PermissionBody& body) -> Result<PermissionRow> {
            const auto id = request.path_id<DocumentId>("doc_id");
            if (!id) return fail(id);
            return documents.share(
                request.caller->user,
                Share{*id, body.room_id, body.user_id, body.permission_type, body.expires_at});
        });
}

http::Handler delete_permission(Documents& documents) {
    return for_document(
        [&documents](const http::Request& request, const DocumentId& id) -> Result<void> {
            const auto query = request.query_as<PermissionQuery>();
            if (!query) return fail(query);
            return documents.unshare(request.caller->user, id, query->room_id, query->user_id);
        });
}

http::Handler of_room(Documents& documents) {
    return http::endpoint([&documents](
                              const http::Request& request) -> Result<http::Listing<Document>> {
        const auto room = request.path_id<RoomId>("room_id");
        if (!room) return fail(room);
        const auto query = request.query_as<ListQuery>();
        if (!query) return fail(query);
        return documents.list_room(request.caller->user, *room,
                                   query->limit ? query->limit->value : 50, text_of(query->cursor));
    });
}

}  // namespace stoa::documents::routes
