// SPDX-License-Identifier: Apache-2.0
#include "http/client_transfer.hpp"

#include "base/number.hpp"
#include "http/status.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>
#include <vector>

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::http {
namespace {

constexpr std::size_t header_bytes_max = 64 * 1024;
constexpr std::size_t idle_handles_max = 16;
constexpr std::int64_t retry_after_max = 24 * 3600;
/// Who has heard enough has mostly heard all but the end of the message: with that the connection,
/// and the handshake that it took, serve the next request, too.
constexpr std::chrono::milliseconds end_awaited_for{10};

struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeConnections {
    void operator()(CURLM* connections) const { curl_multi_cleanup(connections); }
};

/// One transfer at a time, and the connections that it keeps.
struct Handle {
    std::unique_ptr<CURLM, FreeConnections> connections;
    std::unique_ptr<CURL, FreeHandle> transfer;

    static Handle make() {
        Handle made{std::unique_ptr<CURLM, FreeConnections>(curl_multi_init()),
                    std::unique_ptr<CURL, FreeHandle>(curl_easy_init())};
        if (!made.connections || !made.transfer) throw std::bad_alloc();
        return made;
    }
};

/// curl_global_init is thread-safe in this libcurl (>= 7.84), and a static is initialised once.
void start_curl() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error("curl_global_init failed");
}

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

struct Transfer {
    const Outbound& request;
    const Hop& hop;
    const OnBytes* on_bytes;
    CURL* handle;
    Inbound answer;
    std::size_t header_bytes = 0;
    std::uint64_t body_bytes = 0;
    bool address_refused = false;
    bool has_begun = false;
    bool too_large = false;
    bool ended_by_caller = false;
    bool stopped = false;
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
        // An interim answer (1xx) came before.
        transfer.answer.headers.clear();
        return size;
    }
    transfer.header_bytes += size;
    if (transfer.header_bytes > header_bytes_max) {
        transfer.too_large = true;
        return 0;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string name(line.substr(0, colon));
    for (auto& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    auto value = line.substr(colon + 1);
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    transfer.answer.headers.emplace_back(std::move(name), trim_blanks(value));
    return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.ended_by_caller) return size;
    transfer.body_bytes += size;
    if (transfer.body_bytes > transfer.request.answer_bytes_max) {
        transfer.too_large = true;
        return 0;
    }
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    if (transfer.on_bytes == nullptr || status / 100 != 2) {
        transfer.answer.body.append(data, size);
        return size;
    }
    transfer.has_begun = true;
    if ((*transfer.on_bytes)({data, size})) return size;
    transfer.ended_by_caller = true;
    return size;
}

/// Called while bytes flow, and about once a second while none do.
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.stopped = transfer.request.stop.stop_requested();
    return transfer.stopped ? 1 : 0;
}

/// Called with the address that was resolved, before anything is sent to it: what is checked here
/// is what is connected to.
curl_socket_t open_public_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (!is_public_address(&address->addr)) {
        transfer.address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::unique_ptr<curl_slist, FreeList> make_header_list(const Headers& headers) {
    std::unique_ptr<curl_slist, FreeList> list;
    const auto append = [&list](const std::string& line) {
        auto* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        (void)list.release();
        list.reset(longer);
    };
    for (const auto& [name, value] : headers) {
        // "name;" is how libcurl spells a header without a value.
        append(value.empty() ? name + ';' : name + ": " + value);
    }
    append("Expect:");
    return list;
}

void set_method(CURL* handle, const Outbound& request) {
    const auto set_body = [&] {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    };
    switch (request.method) {
        case Method::get:
            curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
            break;
        case Method::head:
            curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
            break;
        case Method::post:
        case Method::put:
        case Method::patch:
            set_body();
            break;
        case Method::delete_:
        case Method::options:
            if (!request.body.empty()) set_body();
            break;
    }
    if (request.method != Method::get && request.method != Method::head) {
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST,
                         std::string(method_name(request.method)).c_str());
    }
}

void set_limits(CURL* handle, const Outbound& request, std::chrono::milliseconds time_left) {
    const auto stall = std::chrono::ceil<std::chrono::seconds>(request.stall_timeout);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout.count()));
    // To libcurl 0 is for ever.
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     std::max(1L, static_cast<long>(time_left.count())));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall.count()));
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "stoa/" STOA_VERSION);
}

void set_callbacks(CURL* handle, Transfer& transfer) {
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    if (transfer.request.stop.stop_possible()) {
        curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    }
    if (!transfer.hop.guarded) return;
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
    // A proxy would resolve the name itself, out of the guard's sight.
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
}

tl::unexpected<Error> stopped() {
    return fail(ErrorKind::conflict, "upstream_stopped", "The request was broken off.");
}

Result<Inbound> outcome(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK || transfer.ended_by_caller) {
        long status = 0;
        curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
        transfer.answer.status = static_cast<int>(status);
        for (const auto& [name, value] : transfer.answer.headers) {
            if (name == "retry-after") transfer.answer.retry_after = parse_retry_after(value);
        }
        return std::move(transfer.answer);
    }
    if (transfer.stopped) return stopped();
    if (transfer.address_refused) {
        return fail(ErrorKind::forbidden, "address_refused",
                    "The address is private, loopback or link-local; a public one is needed.");
    }
    if (transfer.too_large) {
        return unavailable("upstream_too_large", "The other server's answer is too large.");
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return unavailable("upstream_timeout", "The other server did not answer in time.");
    }
    return unavailable("upstream_unreachable", std::string("The other server cannot be reached: ") +
                                                   curl_easy_strerror(code) + '.');
}

/// Until the answer is whole, or its caller wants no more of it and its end does not come either.
CURLcode perform(CURLM* connections, const Transfer& transfer) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    if (curl_multi_add_handle(connections, transfer.handle) != CURLM_OK) throw std::bad_alloc();
    std::optional<Clock::time_point> end_awaited_until;
    auto failed = CURLM_OK;
    for (int running = 1; failed == CURLM_OK && running > 0;) {
        failed = curl_multi_perform(connections, &running);
        milliseconds wait{1'000};
        if (transfer.ended_by_caller) {
            const auto now = Clock::now();
            if (!end_awaited_until) end_awaited_until = now + end_awaited_for;
            wait = std::chrono::ceil<milliseconds>(*end_awaited_until - now);
            if (wait <= milliseconds(0)) break;
        }
        if (failed == CURLM_OK && running > 0) {
            failed =
                curl_multi_poll(connections, nullptr, 0, static_cast<int>(wait.count()), nullptr);
        }
    }
    CURLcode code = failed == CURLM_OK ? CURLE_OK : CURLE_FAILED_INIT;
    int left = 0;
    while (const auto* message = curl_multi_info_read(connections, &left)) {
        if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(connections, transfer.handle);
    return code;
}

std::string redirect_of(CURL* handle) {
    const char* url = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &url);
    return url == nullptr ? "" : url;
}

std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned int flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
    std::string copy(text);
    curl_free(text);
    std::ranges::transform(copy, copy.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return copy;
}

}  // namespace

std::optional<std::string> origin_of(const std::string& text) {
    const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
    const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
    const auto host = part_of(url.get(), CURLUPART_HOST);
    const auto port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!scheme || !host || !port || (*scheme != "http" && *scheme != "https")) return {};
    return *scheme + "://" + *host + ':' + *port;
}

std::optional<std::chrono::seconds> parse_retry_after(const std::string& value) {
    auto seconds = parse_number<std::int64_t>(value);
    if (!seconds) {
        const auto date = curl_getdate(value.c_str(), nullptr);
        if (date < 0) return std::nullopt;
        seconds = std::max<std::int64_t>(0, date - std::time(nullptr));
    }
    if (*seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(*seconds, retry_after_max));
}

struct ClientTransfers::Handles {
    std::mutex mutex;
    std::array<std::vector<Handle>, 2> idle;

    Handle take(bool guarded) {
        {
            const std::lock_guard lock(mutex);
            auto& handles = idle[guarded ? 1 : 0];
            if (!handles.empty()) {
                auto handle = std::move(handles.back());
                handles.pop_back();
                return handle;
            }
        }
        return Handle::make();
    }
    void give_back(bool guarded, Handle handle) {
        curl_easy_reset(handle.transfer.get());
        const std::lock_guard lock(mutex);
        auto& handles = idle[guarded ? 1 : 0];
        if (handles.size() < idle_handles_max) handles.push_back(std::move(handle));
    }
};

ClientTransfers::ClientTransfers(std::string ca_file)
    : ca_file_(std::move(ca_file)), handles_(std::make_unique<Handles>()) {
    start_curl();
}

ClientTransfers::~ClientTransfers() = default;

Transferred ClientTransfers::run(const Outbound& request, const Hop& hop, const OnBytes* on_bytes) {
    auto kept = handles_->take(hop.guarded);
    CURL* const handle = kept.transfer.get();
    Transfer transfer{request, hop, on_bytes, handle, {}};
    const auto headers = make_header_list(hop.headers);
    curl_easy_setopt(handle, CURLOPT_URL, hop.url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    if (!ca_file_.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file_.c_str());
    set_method(handle, request);
    set_limits(handle, request, hop.time_left);
    set_callbacks(handle, transfer);
    const auto code = perform(kept.connections.get(), transfer);
    Transferred done{outcome(transfer, code), redirect_of(handle), transfer.has_begun};
    // What is broken off is closed with its connection: over HTTP/2 libcurl may keep it, and the
    // server would work on.
    if (!transfer.stopped) handles_->give_back(hop.guarded, std::move(kept));
    return done;
}

}  // namespace stoa::http
