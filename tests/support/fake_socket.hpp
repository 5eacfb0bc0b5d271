// SPDX-License-Identifier: Apache-2.0
// A socket that keeps what is sent to it, for tests of socket handlers without a network. Any
// thread.
#pragma once

#include "http/socket.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>

namespace stoa::testing {

class FakeSocket final : public http::Socket {
  public:
    void send(std::string_view text) override {
        const std::lock_guard lock(mutex_);
        if (closed_with_ != 0) return;
        frames_.push_back(boost::json::parse(text));
        changed_.notify_all();
    }
    void close(std::uint16_t code, std::string_view) override {
        const std::lock_guard lock(mutex_);
        if (closed_with_ == 0) closed_with_ = code;
        changed_.notify_all();
    }
    void set_timer(std::chrono::milliseconds delay) override { timer = delay; }

    [[nodiscard]] std::vector<json::Value> frames() const {
        const std::lock_guard lock(mutex_);
        return frames_;
    }
    [[nodiscard]] std::uint16_t closed_with() const {
        const std::lock_guard lock(mutex_);
        return closed_with_;
    }
    /// The seqs of the durable events, in order of arrival.
    [[nodiscard]] std::vector<std::int64_t> seqs() const {
        std::vector<std::int64_t> all;
        for (const auto& frame : frames()) {
            const auto* seq = frame.as_object().if_contains("seq");
            if (seq != nullptr) all.push_back(seq->to_number<std::int64_t>());
        }
        return all;
    }
    /// Waits for a frame of this type; null if none comes.
    [[nodiscard]] json::Value wait_for(std::string_view type) {
        json::Value found;
        wait([&] {
            for (const auto& frame : frames_) {
                if (frame.at("type").as_string() != type) continue;
                found = frame;
                return true;
            }
            return false;
        });
        return found;
    }
    bool wait_for_seq(std::int64_t seq) {
        return wait([&] {
            for (const auto& frame : frames_) {
                const auto* its = frame.as_object().if_contains("seq");
                if (its != nullptr && its->to_number<std::int64_t>() >= seq) return true;
            }
            return false;
        });
    }
    bool wait_for_close() {
        return wait([&] { return closed_with_ != 0; });
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        frames_.clear();
    }

    std::chrono::milliseconds timer{0};

  private:
    template <class Done>
    bool wait(Done done) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(30), done);
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<json::Value> frames_;
    std::uint16_t closed_with_ = 0;
};

}  // namespace stoa::testing
