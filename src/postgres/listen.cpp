// SPDX-License-Identifier: Apache-2.0
// LISTEN and what comes of it, on one connection.
#include "postgres/connection.hpp"

#include <new>

#include <poll.h>

namespace stoa::postgres {

namespace {

int milliseconds_until(Deadline deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

Result<void> Connection::listen(const std::vector<std::string>& channels) {
    std::string script;
    for (const auto& channel : channels) {
        const std::unique_ptr<char, void (*)(void*)> name(
            PQescapeIdentifier(connection_.get(), channel.c_str(), channel.size()), &PQfreemem);
        if (!name)
            return fail(ErrorKind::internal, "database_error", "a channel's name is no text");
        script += "LISTEN ";
        script += name.get();
        script += ';';
    }
    return run_script("listen", script);
}

Connection::Event Connection::wait_or_wake(int wake_fd, Deadline deadline) const {
    pollfd entries[] = {{PQsocket(connection_.get()), POLLIN, 0}, {wake_fd, POLLIN, 0}};
    if (poll(entries, 2, milliseconds_until(deadline)) <= 0) return Event::nothing;
    return entries[1].revents != 0 ? Event::woken : Event::readable;
}

bool Connection::wait_for_wake(int wake_fd, Deadline deadline) {
    pollfd entry{wake_fd, POLLIN, 0};
    return poll(&entry, 1, milliseconds_until(deadline)) > 0;
}

void Connection::take_notifications(
    const std::function<void(std::string_view channel, std::string_view payload)>& notified) {
    if (PQconsumeInput(connection_.get()) == 0) is_broken_ = true;
    for (;;) {
        const std::unique_ptr<PGnotify, void (*)(void*)> heard(PQnotifies(connection_.get()),
                                                               &PQfreemem);
        if (!heard) return;
        notified(heard->relname, heard->extra);
    }
}

}  // namespace stoa::postgres
