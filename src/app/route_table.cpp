// SPDX-License-Identifier: Apache-2.0
#include "app/route_table.hpp"

#include "accounts/accounts_routes.hpp"
#include "app/operations.hpp"
#include "app/rate_limits.hpp"
#include "app/web_pages.hpp"
#include "chat/messages_routes.hpp"
#include "documents/documents_routes.hpp"
#include "documents/highlights_routes.hpp"
#include "documents/upload_session_routes.hpp"
#include "rooms/rooms_routes.hpp"
#include "tutor/conversations_routes.hpp"
#include "tutor/tutor_routes.hpp"

#include <algorithm>
#include <cctype>

namespace stoa::app {
namespace {

using http::Access;

// Who may call, and how often each route: the common rows of the table.
const http::Admission anyone{Access::anyone};
const http::Admission signed_in{Access::signed_in, RateLimits::requests};
const http::Admission by_bearer{Access::bearer, RateLimits::requests};
// The rows that cost more than most, or that strangers call.
const http::Admission asking_to_sign_in{Access::anyone, RateLimits::sign_ins};
const http::Admission signing_in{Access::optional, RateLimits::sign_ins};
const http::Admission renewing{Access::anyone, RateLimits::renewals};
const http::Admission writing{Access::signed_in, RateLimits::writes};
const http::Admission uploading{Access::signed_in, RateLimits::uploads};
const http::Admission asking_the_tutor{Access::signed_in, RateLimits::questions};

void add_accounts(http::Routes& r, Services& s) {
    namespace handle = accounts::routes;
    r.post("/api/v1/auth/siws/challenge", asking_to_sign_in, handle::challenge(s.sign_in));
    r.post("/api/v1/auth/wallet/connect", signing_in, handle::connect(s.sign_in));
    r.post("/api/v1/auth/wallet/verify", signing_in,
           handle::verify(s.sign_in, s.tokens, s.profiles));
    r.post("/api/v1/auth/wallet/disconnect", signed_in, handle::disconnect(s.sessions));
    r.post("/api/v1/auth/refresh", renewing, handle::refresh(s.sessions));
    r.get("/api/v1/auth/sessions", signed_in, handle::list_sessions(s.sessions));
    r.remove("/api/v1/auth/sessions/{session_id}", signed_in, handle::revoke_session(s.sessions));
    r.post("/api/v1/auth/ws-ticket", signed_in, handle::create_ticket(s.sessions));
    r.get("/.well-known/jwks.json", anyone, handle::jwks(s.tokens));
    r.get("/api/v1/users/profile", signed_in, handle::profile(s.profiles));
    r.patch("/api/v1/users/profile", signed_in, handle::change_profile(s.profiles));
    r.get("/api/v1/users/{user_id}", signed_in, handle::user(s.profiles));
    r.get("/api/v1/admin/audit", signed_in, handle::audit_log(s.administration));
    r.patch("/api/v1/admin/users/{user_id}", signed_in, handle::set_role(s.administration));
}

void add_rooms(http::Routes& r, Services& s, const http::Handler& event_stream) {
    namespace handle = rooms::routes;
    r.post("/api/v1/rooms/create", signed_in, handle::create(s.rooms));
    r.post("/api/v1/rooms/join", signed_in, handle::join(s.rooms));
    r.post("/api/v1/rooms/leave", signed_in, handle::leave(s.rooms));
    r.get("/api/v1/rooms/list", signed_in, handle::list(s.rooms));
    r.get("/api/v1/rooms/{room_id}", signed_in, handle::get(s.rooms));
    r.patch("/api/v1/rooms/{room_id}", signed_in, handle::update(s.rooms));
    r.remove("/api/v1/rooms/{room_id}", signed_in, handle::close(s.rooms));
    r.get("/api/v1/rooms/{room_id}/participants", signed_in, handle::participants(s.rooms));
    r.patch("/api/v1/rooms/{room_id}/participants/{user_id}", signed_in,
            handle::update_participant(s.rooms));
    r.remove("/api/v1/rooms/{room_id}/participants/{user_id}", signed_in, handle::kick(s.rooms));
    r.post("/api/v1/rooms/{room_id}/invites", signed_in, handle::invite(s.rooms));
    r.get("/api/v1/rooms/{room_id}/events", signed_in, handle::events(s.rooms, event_stream));
}

void add_chat(http::Routes& r, Services& s, const http::SocketFactory& room_sockets) {
    namespace handle = chat::routes;
    const std::string messages = "/api/v1/rooms/{room_id}/messages";
    const std::string message = messages + "/{message_id}";
    r.get(messages, by_bearer, handle::list(s.messages));
    r.post(messages, writing, handle::send(s.messages));
    r.patch(message, writing, handle::edit(s.messages));
    r.remove(message, signed_in, handle::remove(s.messages));
    r.put(message + "/pin", signed_in, handle::pin(s.messages));
    r.remove(message + "/pin", signed_in, handle::unpin(s.messages));
    r.put(message + "/reactions/{emoji}", signed_in, handle::add_reaction(s.messages));
    r.remove(message + "/reactions/{emoji}", signed_in, handle::remove_reaction(s.messages));
    r.socket("/ws/rooms/{room_id}", room_sockets);
    r.socket("/api/v1/websocket/rooms/{room_id}", room_sockets);
}

void add_documents(http::Routes& r, Services& s) {
    namespace handle = documents::routes;
    r.upload("/api/v1/documents/upload", uploading, handle::upload(s.documents));
    r.get("/api/v1/documents/library", signed_in, handle::library(s.documents));
    r.get("/api/v1/documents/usage", signed_in, handle::usage(s.documents));
    r.post("/api/v1/documents/share", signed_in, handle::share(s.documents));
    r.get("/api/v1/documents/{doc_id}", signed_in, handle::get(s.documents));
    r.patch("/api/v1/documents/{doc_id}", signed_in, handle::change(s.documents));
    r.remove("/api/v1/documents/{doc_id}", signed_in, handle::remove(s.documents));
    r.get("/api/v1/documents/{doc_id}/file", signed_in, handle::file(s.documents));
    r.upload("/api/v1/documents/{doc_id}/file", uploading, handle::replace_file(s.documents),
             http::Method::put);
    r.get("/api/v1/documents/{doc_id}/pages/{page}", signed_in, handle::page(s.documents));
    r.get("/api/v1/documents/{doc_id}/profile", signed_in, handle::profile(s.tables));
    r.post_slow("/api/v1/documents/{doc_id}/query", asking_the_tutor,
                handle::query_table(s.tables));
    r.get("/api/v1/documents/{doc_id}/permissions", signed_in, handle::permissions(s.documents));
    r.put("/api/v1/documents/{doc_id}/permissions", signed_in, handle::put_permission(s.documents));
    r.remove("/api/v1/documents/{doc_id}/permissions", signed_in,
             handle::delete_permission(s.documents));
    r.get("/api/v1/rooms/{room_id}/documents", signed_in, handle::of_room(s.documents));
    const std::string highlights = "/api/v1/documents/{doc_id}/highlights";
    r.get(highlights, signed_in, handle::highlights(s.highlights));
    r.post(highlights, writing, handle::create_highlight(s.highlights));
    r.patch(highlights + "/{highlight_id}", writing, handle::change_highlight(s.highlights));
    r.remove(highlights + "/{highlight_id}", signed_in, handle::delete_highlight(s.highlights));
}

/// tus 1.0.0, and a last request that makes the document.
void add_uploads(http::Routes& r, Services& s) {
    namespace handle = documents::routes;
    const std::string uploads = "/api/v1/documents/uploads";
    const std::string upload = uploads + "/{upload_id}";
    r.post(uploads, uploading, handle::create_upload(s.uploads));
    r.get(uploads, signed_in, handle::list_uploads(s.uploads));
    r.get(upload, signed_in, handle::get_upload(s.uploads));
    r.pour(upload, signed_in, handle::append_to_upload(s.uploads));
    r.remove(upload, signed_in, handle::delete_upload(s.uploads));
    r.post(upload + "/finish", uploading, handle::finish_upload(s.uploads));
    r.tell(uploads, handle::upload_options(s.uploads));
    r.tell(upload, handle::upload_options(s.uploads));
}

void add_tutor(http::Routes& r, Services& s) {
    namespace handle = tutor::routes;
    r.post_slow("/api/v1/documents/{doc_id}/chat", asking_the_tutor,
                handle::ask_document({s.tutor, s.answers}));
    r.get("/api/v1/documents/{doc_id}/chat", signed_in, handle::conversation(s.tutor));
    r.post_slow("/api/v1/rooms/{room_id}/ask", asking_the_tutor,
                handle::ask_room({s.tutor, s.answers}));
    r.get("/api/v1/conversations", signed_in, handle::conversations(s.tutor));
    const std::string conversation = "/api/v1/conversations/{conversation_id}";
    r.get(conversation, signed_in, handle::get_conversation(s.tutor));
    r.patch(conversation, signed_in, handle::rename_conversation(s.tutor));
    r.remove(conversation, signed_in, handle::delete_conversation(s.tutor));
    r.get(conversation + "/messages", signed_in, handle::conversation_messages(s.tutor));
    const std::string answer = conversation + "/answers/{message_id}";
    r.get_slow(answer, signed_in, handle::resume_answer(s.answers));
    r.remove(answer, signed_in, handle::cancel_answer(s.answers));
    r.get_slow(conversation + "/export", signed_in, handle::export_conversation(s.tutor));
}

void add_operations(http::Routes& r, Services& s) {
    add_probes(r, s);
    r.get("/", anyone, page("/index.html"));
    r.get("/index.js", anyone, page("/index.js"));
    r.get("/stoa.css", anyone, page("/stoa.css"));
    r.get("/docs", anyone, page("/docs.html"));
    r.get("/redoc", anyone, page("/docs.html"));
    r.get("/docs.js", anyone, page("/docs.js"));
    r.get("/docs/errors", anyone, page("/errors.html"));
    r.get("/openapi.json", anyone, page("/openapi.json"));
}

std::string text_of(const std::optional<http::Limit>& limit) {
    if (!limit) return "unlimited";
    return std::to_string(limit->requests) + "/" + std::to_string(limit->window.count()) + "s/" +
           (limit->per == http::Limit::Per::user ? "user" : "address");
}

std::string_view name_of(Access access) {
    switch (access) {
        case Access::anyone:
            return "anyone";
        case Access::signed_in:
        case Access::bearer:
            return "signed_in";
        case Access::optional:
            return "optional";
    }
    return "";
}

}  // namespace

http::Routes route_table(Services& services, const LiveRooms& live) {
    http::Routes routes;
    add_accounts(routes, services);
    add_rooms(routes, services, live.event_stream);
    add_chat(routes, services, live.sockets);
    add_documents(routes, services);
    add_uploads(routes, services);
    add_tutor(routes, services);
    add_operations(routes, services);
    routes.change_limits(
        [&services](const http::Limit& limit) { return services.rate_limits.find(limit); });
    routes.wrap_handlers([&services](const http::Route& route, http::Handler handler) {
        if (!Idempotency::is_for(route)) return handler;
        return services.idempotency.wrap(route, std::move(handler));
    });
    return routes;
}

std::vector<std::string> describe(const http::Routes& routes) {
    std::vector<std::string> lines;
    for (const auto& route : routes.all()) {
        std::string method(json::enum_name(route.method));
        std::ranges::transform(method, method.begin(),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        lines.push_back(method + " " + route.path + " " + std::string(name_of(route.access)) + " " +
                        text_of(route.limit));
    }
    return lines;
}

}  // namespace stoa::app
