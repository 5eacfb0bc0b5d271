// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_session_routes.hpp"

#include "documents/tus.hpp"
#include "documents/upload_sink.hpp"
#include "http/routes.hpp"

#include <memory>
#include <string>
#include <utility>

namespace stoa::documents::routes {

namespace {

constexpr std::string_view uploads_path = "/api/v1/documents/uploads";

/// A handler of `act(request)`, which gives a Result<Response>.
template <class F>
http::Handler tus_endpoint(F act) {
    return [act](http::Request& request) -> http::Response {
        if (auto refused = tus::refuse_version(request)) return std::move(*refused);
        auto response = act(static_cast<const http::Request&>(request));
        if (!response) return tus::refusal(response.error(), request.request_id);
        return tus::marked(std::move(*response));
    };
}

/// The same for one upload of the path: `act(request, upload)`.
template <class F>
http::Handler for_upload(F act) {
    return tus_endpoint([act](const http::Request& request) -> Result<http::Response> {
        const auto id = UploadId::parse(request.path_parameter("upload_id"));
        return act(request, id.value_or(UploadId{}));
    });
}

http::Response session_response(int status, const UploadSession& session) {
    auto response = http::Response::json_text(status, json::to_text(session));
    tus::add_state(response.headers, session);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

}  // namespace

http::Handler create_upload(UploadSessions& uploads) {
    return tus_endpoint([&uploads](const http::Request& request) -> Result<http::Response> {
        if (!request.body.empty()) {
            return fail(ErrorKind::invalid, "body_unexpected",
                        "An upload begins without a body; its bytes come by PATCH.");
        }
        const auto length_bytes = tus::read_bytes(request, "upload-length");
        if (!length_bytes) return fail(length_bytes);
        const auto metadata = read_metadata(request.find_header("upload-metadata").value_or(""));
        if (!metadata) return fail(metadata);
        const auto made = uploads.create(request.caller->user, *length_bytes, *metadata);
        if (!made) return fail(made);
        auto response = session_response(201, *made);
        response.headers.emplace_back("Location", std::string(uploads_path) + '/' + made->id.str());
        return response;
    });
}

http::Handler list_uploads(UploadSessions& uploads) {
    return tus_endpoint([&uploads](const http::Request& request) -> Result<http::Response> {
        const auto listing = uploads.list(request.caller->user);
        if (!listing) return fail(listing);
        return http::Response::json_text(200, json::to_text(*listing));
    });
}

http::Handler get_upload(UploadSessions& uploads) {
    return for_upload(
        [&uploads](const http::Request& request, const UploadId& id) -> Result<http::Response> {
            const auto found = uploads.find(request.caller->user, id);
            if (!found) return fail(found);
            return session_response(200, *found);
        });
}

http::Handler delete_upload(UploadSessions& uploads) {
    return for_upload(
        [&uploads](const http::Request& request, const UploadId& id) -> Result<http::Response> {
            if (auto removed = uploads.remove(request.caller->user, id); !removed) {
                return fail(removed);
            }
            return http::Response::no_content();
        });
}

http::Handler finish_upload(UploadSessions& uploads) {
    return for_upload(
        [&uploads](const http::Request& request, const UploadId& id) -> Result<http::Response> {
            const auto document = uploads.finish(request.caller->user, id);
            if (!document) return fail(document);
            return http::Response::json_text(202, json::to_text(*document));
        });
}

http::BodySinkFactory append_to_upload(UploadSessions& uploads) {
    return [&uploads](const http::Request& request) {
        return std::make_unique<UploadSink>(uploads, request);
    };
}

http::Headers upload_options(const UploadSessions& uploads) {
    return {{"Tus-Resumable", std::string(tus::version)},
            {"Tus-Version", std::string(tus::version)},
            {"Tus-Extension", "creation,termination,expiration"},
            {"Tus-Max-Size", std::to_string(uploads.upload_bytes_max())}};
}

}  // namespace stoa::documents::routes
