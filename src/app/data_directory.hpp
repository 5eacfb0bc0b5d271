// SPDX-License-Identifier: Apache-2.0
// The folder in which `stoa up` keeps everything: PostgreSQL, Redis, files, logs. It is ours by the
// file VERSION, written first, and used by one `up` at a time (flock on LOCK, which the children
// share: it is free when the last of them has ended). What is not ours is never touched.
#pragma once

#include "base/result.hpp"

#include <filesystem>

namespace stoa::app {

class DataDirectory {
  public:
    static constexpr int format = 1;  ///< of the layout below
    static constexpr std::uintmax_t free_bytes_min = 200ULL * 1024 * 1024;

    /// Makes or takes over `folder`, and locks it. Errors, each before anything is changed:
    /// `data_foreign` (not empty and not ours), `data_newer` (a later format), `data_in_use` (names
    /// the process), `data_unwritable`, `disk_full`.
    static Result<DataDirectory> open(const std::filesystem::path& folder);
    /// As `open`, less making and locking: would it do? A folder that does not exist would.
    static Result<void> check(const std::filesystem::path& folder);

    ~DataDirectory();
    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&&) = delete;

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] std::filesystem::path postgres() const { return root_ / "postgres"; }
    [[nodiscard]] std::filesystem::path redis() const { return root_ / "redis"; }
    [[nodiscard]] std::filesystem::path run() const { return root_ / "run"; }  ///< sockets
    [[nodiscard]] std::filesystem::path files() const { return root_ / "files"; }
    [[nodiscard]] std::filesystem::path log(const std::string& name) const {
        return root_ / "logs" / (name + ".log");
    }
    /// For children to inherit, so that the lock lasts as long as they do.
    [[nodiscard]] int lock() const { return lock_; }

  private:
    DataDirectory(std::filesystem::path root, int lock) : root_(std::move(root)), lock_(lock) {}

    std::filesystem::path root_;  ///< absolute
    int lock_ = -1;
};

/// Bytes that we may still write where `path` or its nearest existing parent lies.
std::uintmax_t free_bytes(const std::filesystem::path& path);

}  // namespace stoa::app
