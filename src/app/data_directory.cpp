// SPDX-License-Identifier: Apache-2.0
#include "app/data_directory.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view version_prefix = "stoa data format ";

tl::unexpected<Error> unwritable(const fs::path& folder, const std::string& why) {
    return fail(ErrorKind::forbidden, "data_unwritable",
                "cannot write to the data directory " + folder.string() + ": " + why +
                    "; make it writable for this user or choose another with --data");
}

tl::unexpected<Error> foreign(const fs::path& folder) {
    return fail(ErrorKind::conflict, "data_foreign",
                folder.string() +
                    " is not empty and was not made by Stoa; it stays as it is. Choose a new or "
                    "empty directory with --data");
}

/// The format that VERSION names; nothing if there is no such file or it is not ours.
std::optional<int> read_format(const fs::path& folder) {
    std::ifstream in(folder / "VERSION");
    std::string line;
    if (!std::getline(in, line) || !line.starts_with(version_prefix)) return std::nullopt;
    const auto digits = line.substr(version_prefix.size());
    if (digits.empty() || digits.size() > 6) return std::nullopt;
    if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    return std::stoi(digits);
}

/// VERSION appears whole or not at all.
Result<void> write_format(const fs::path& folder) {
    const auto draft = folder / "VERSION.new";
    std::ofstream out(draft, std::ios::trunc);
    out << version_prefix << DataDirectory::format << '\n';
    out.close();
    std::error_code error;
    if (out) fs::rename(draft, folder / "VERSION", error);
    if (!out || error) return unwritable(folder, std::strerror(errno));
    return {};
}

/// Ready for us: ours, or empty but for a VERSION that was never finished.
Result<void> check_content(const fs::path& folder) {
    if (const auto found = read_format(folder)) {
        if (*found <= DataDirectory::format) return {};
        return fail(ErrorKind::conflict, "data_newer",
                    folder.string() + " was written by a newer Stoa (format " +
                        std::to_string(*found) + ", this program knows up to " +
                        std::to_string(DataDirectory::format) +
                        "); it stays as it is. Use the newer program, or another --data");
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().filename() != "VERSION.new") return foreign(folder);
    }
    if (error) return unwritable(folder, error.message());
    return {};
}

pid_t holder(int lock) {
    char text[16]{};
    if (pread(lock, text, sizeof text - 1, 0) <= 0) return 0;
    return static_cast<pid_t>(std::strtol(text, nullptr, 10));
}

/// Takes the lock. When the process that held it is dead, its last children are ending just now.
Result<int> take_lock(const fs::path& folder) {
    constexpr auto patience = std::chrono::seconds(10);
    const int lock = ::open((folder / "LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0) return unwritable(folder, std::strerror(errno));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const pid_t pid = holder(lock);
        const bool alive = pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
        if (alive || std::chrono::steady_clock::now() >= deadline) {
            close(lock);
            return fail(ErrorKind::conflict, "data_in_use",
                        folder.string() + " is in use by process " + std::to_string(pid) +
                            "; stop that one, or choose another directory with --data");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const auto pid = std::to_string(getpid()) + "\n";
    if (ftruncate(lock, 0) != 0 || pwrite(lock, pid.data(), pid.size(), 0) < 0) {
        const int error = errno;
        close(lock);
        return unwritable(folder, std::strerror(error));
    }
    return lock;
}

}  // namespace

std::uintmax_t free_bytes(const fs::path& path) {
    std::error_code error;
    fs::path existing = fs::absolute(path);
    while (!fs::exists(existing, error) && existing.has_relative_path()) {
        existing = existing.parent_path();
    }
    const auto space = fs::space(existing, error);
    return error ? 0 : space.available;
}

Result<void> DataDirectory::check(const fs::path& folder) {
    std::error_code error;
    if (fs::exists(folder, error)) {
        if (!fs::is_directory(folder, error)) {
            return unwritable(folder, "it is not a directory");
        }
        if (auto content = check_content(folder); !content) return content;
        if (access(folder.c_str(), W_OK | X_OK) != 0) {
            return unwritable(folder, std::strerror(errno));
        }
    } else if (error) {
        return unwritable(folder, error.message());
    }
    if (const auto left = free_bytes(folder); left < free_bytes_min) {
        return fail(ErrorKind::unavailable, "disk_full",
                    "only " + std::to_string(left >> 20) + " MB are free where " + folder.string() +
                        " lies, at least " + std::to_string(free_bytes_min >> 20) +
                        " MB are needed; free some space, or choose another disk with --data");
    }
    return {};
}

Result<DataDirectory> DataDirectory::open(const fs::path& folder) {
    const fs::path root = fs::absolute(folder).lexically_normal();
    if (auto checked = check(root); !checked) return fail(checked);
    std::error_code error;
    fs::create_directories(root, error);
    if (error) return unwritable(root, error.message());
    if (!read_format(root)) {
        if (auto written = write_format(root); !written) return fail(written);
    }
    const auto lock = take_lock(root);
    if (!lock) return fail(lock);
    DataDirectory directory(root, *lock);
    for (const auto& part : {directory.files(), root / "logs"}) {
        if (!fs::exists(part)) {
            fs::create_directory(part, error);
            fs::permissions(part, fs::perms::owner_all, error);
        }
        if (error) return unwritable(root, error.message());
    }
    return directory;
}

DataDirectory::~DataDirectory() {
    if (lock_ >= 0) close(lock_);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : root_(std::move(other.root_)), lock_(std::exchange(other.lock_, -1)) {}

}  // namespace stoa::app
