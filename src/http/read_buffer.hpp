// SPDX-License-Identifier: Apache-2.0
// The bytes a connection has received and not yet understood, in one piece. One thread.
#pragma once

#include "http/asio.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace stoa::http {

class ReadBuffer {
  public:
    static constexpr std::size_t small_bytes = 4 * 1024;

    [[nodiscard]] std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }

    void consume(std::size_t size) {
        begin_ += size;
        if (begin_ == end_) begin_ = end_ = 0;
    }

    /// Room for at least `room` more bytes; what was prepared before is void.
    asio::mutable_buffer prepare(std::size_t room) {
        if (capacity_ - end_ < room) {
            const auto size = end_ - begin_;
            const auto capacity = std::max(small_bytes, size + room);
            auto data =
                capacity > capacity_ ? std::make_unique_for_overwrite<char[]>(capacity) : nullptr;
            if (size > 0) std::memmove(data ? data.get() : data_.get(), data_.get() + begin_, size);
            if (data) {
                data_ = std::move(data);
                capacity_ = capacity;
            }
            begin_ = 0;
            end_ = size;
        }
        return {data_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t size) { end_ += size; }

    /// Gives its memory back if it holds nothing.
    void shrink() {
        if (!empty()) return;
        data_.reset();
        capacity_ = begin_ = end_ = 0;
    }

  private:
    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace stoa::http
