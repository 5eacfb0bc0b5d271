// SPDX-License-Identifier: Apache-2.0
// Uploads, files and streams over real sockets.
#include "http/test_peer.hpp"
#include "http/upload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

std::size_t count_files(const std::filesystem::path& directory) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory),
                                                  std::filesystem::directory_iterator()));
}

std::string multipart(std::string_view content) {
    return "--xyz\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA title\r\n"
           "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\a.pdf\"\r\n"
           "Content-Type: application/pdf\r\n\r\n" +
           std::string(content) + "\r\n--xyz--\r\n";
}

std::string upload_request(std::size_t size, std::string_view more = {}) {
    return "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=xyz\r\n"
           "Content-Length: " +
           std::to_string(size) + "\r\n" + std::string(more) + "\r\n";
}

class UploadTest : public testing::Test {
  protected:
    TestServer server{[](TestServer& made) {
        made.options.upload_bytes_max = 4'000'000;
        made.routes.upload("/upload", Access::anyone, [](Request& request) {
            std::string text;
            for (const auto& part : request.parts) {
                text += part.name + '|' + part.file_name + '|' + part.content_type + '|' +
                        part.value + '|' + std::to_string(part.file_bytes) + '|' +
                        part.file_sha256_hex + '\n';
                if (part.file && part.file->size() != part.file_bytes) text += "cut\n";
            }
            return Response::text(200, "text/plain", text);
        });
    }};
};

TEST_F(UploadTest, SpoolsFilesWhileHashingThem) {
    const auto body = multipart(std::string(3'000'000, 'x'));
    const auto reply = server.ask(upload_request(body.size()) + body);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body,
              "title|||A title|0|\n"
              "file|a.pdf|application/pdf||3000000|"
              "e55b8bdf621ddaa8f462c74745db9680d3bb7536a9cf854f8d6668b34a287890\n");
    EXPECT_EQ(count_files(server.options.upload_dir), 0U);
}

TEST_F(UploadTest, LeavesNothingOfABodyThatIsCut) {
    const auto body = multipart(std::string(2'000'000, 'x'));
    const auto open_before = count_files("/proc/self/fd");
    {
        Peer peer(server.server->port());
        peer.send(upload_request(body.size()) + body.substr(0, body.size() / 2));
        // The peer's socket, the server's, and the file.
        while (count_files("/proc/self/fd") < open_before + 3) std::this_thread::yield();
        EXPECT_EQ(count_files(server.options.upload_dir), 0U);
    }
    while (count_files("/proc/self/fd") > open_before) std::this_thread::yield();
}

TEST_F(UploadTest, RefusesWhatIsTooLargeOrNoMultipart) {
    const auto body = multipart(std::string(4'000'001, 'x'));
    EXPECT_EQ(server.ask(upload_request(body.size()) + body).status, 413);
    EXPECT_EQ(server.ask(upload_request(6'000'000)).status, 413);
    EXPECT_EQ(server
                  .ask("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                       "Content-Length: 2\r\n\r\n{}")
                  .status,
              415);
    EXPECT_EQ(server.ask(upload_request(5) + "hello").status, 400);
    while (count_files(server.options.upload_dir) > 0) std::this_thread::yield();
}

TEST_F(UploadTest, SaysSoWhenTheDiskIsFullOrAway) {
    std::filesystem::remove_all(server.options.upload_dir);
    const auto body = multipart("x");
    EXPECT_EQ(server.ask(upload_request(body.size()) + body).status, 500);
}

/// A text as a file that is served; "cut" ends before it promised to.
class TextSource final : public ByteSource {
  public:
    TextSource(std::string text, std::uint64_t size) : text_(std::move(text)), size_(size) {}
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    Result<std::string> read(std::uint64_t offset) override {
        return text_.substr(offset, 64 * 1024 - offset % 1000);
    }

  private:
    std::string text_;
    std::uint64_t size_;
};

class FileTest : public testing::Test {
  protected:
    const std::string etag = "\"one\"";
    const std::string content = [] {
        std::string text;
        for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + ' ';
        return text;
    }();
    TestServer server{[this](TestServer& made) {
        made.routes.get("/file", Access::anyone, [this](Request&) {
            return Response{
                200,
                {{"Content-Type", "text/plain"}},
                FileBody{std::make_shared<TextSource>(content, content.size()), etag, 784111777}};
        });
        made.routes.get("/cut", Access::anyone, [this](Request&) {
            return Response{200,
                            {},
                            FileBody{std::make_shared<TextSource>(content, content.size() + 1),
                                     "\"cut\"", 784111777}};
        });
    }};
};

TEST_F(FileTest, ServesWholeFiles) {
    const auto reply = server.get("/file");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("accept-ranges"), "bytes");
    EXPECT_EQ(reply.header("etag"), etag);
    EXPECT_EQ(reply.header("last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_TRUE(reply.body == content);
    EXPECT_FALSE(server.get("/cut").whole);
    Peer peer(server.server->port());
    peer.send("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(peer.read_reply(true).header("content-length"), std::to_string(content.size()));
}

TEST_F(FileTest, ServesARange) {
    const auto size = std::to_string(content.size());
    const auto reply = server.get("/file", "Range: bytes=10-19\r\n");
    EXPECT_EQ(reply.status, 206);
    EXPECT_EQ(reply.body, content.substr(10, 10));
    EXPECT_EQ(reply.header("content-range"), "bytes 10-19/" + size);
    EXPECT_EQ(server.get("/file", "Range: bytes=-5\r\n").body, content.substr(content.size() - 5));
    EXPECT_EQ(server.get("/file", "Range: bytes=2999990-\r\n").body, content.substr(2'999'990));
    EXPECT_EQ(server.get("/file", "Range: bytes=0-99999999\r\n").status, 206);
    EXPECT_EQ(server.get("/file", "Range: bytes=0-1,4-5\r\n").status, 200);
    EXPECT_EQ(server.get("/file", "Range: lines=0-1\r\n").status, 200);
    const auto none = server.get("/file", "Range: bytes=99999999-\r\n");
    EXPECT_EQ(none.status, 416);
    EXPECT_EQ(none.header("content-range"), "bytes */" + size);
}

TEST_F(FileTest, ARangeIsOfGetAlone) {
    for (const auto* range : {"bytes=10-19", "bytes=99999999-"}) {
        Peer peer(server.server->port());
        peer.send("HEAD /file HTTP/1.1\r\nHost: a\r\nRange: " + std::string(range) + "\r\n\r\n");
        const auto reply = peer.read_reply(true);
        EXPECT_EQ(reply.status, 200) << range;
        EXPECT_EQ(reply.header("content-length"), std::to_string(content.size()));
        EXPECT_EQ(reply.header("content-range"), "");
        EXPECT_EQ(reply.header("accept-ranges"), "bytes");
    }
}

TEST_F(FileTest, TellsAWholeDownloadFromAPiece) {
    const FileBody file{std::make_shared<TextSource>("0123456789", 10), etag, 784111777};
    const auto whole = [&](Headers headers, Method method = Method::get) {
        Request request;
        request.method = method;
        request.headers = std::move(headers);
        return sends_whole_file(file, request);
    };
    EXPECT_TRUE(whole({}));
    EXPECT_FALSE(whole({}, Method::head));
    EXPECT_TRUE(whole({{"range", "bytes=0-"}}));
    EXPECT_TRUE(whole({{"range", "bytes=0-9"}}));
    EXPECT_TRUE(whole({{"range", "bytes=0-1,4-5"}})) << "several ranges are answered whole";
    EXPECT_FALSE(whole({{"range", "bytes=0-1"}}));
    EXPECT_FALSE(whole({{"range", "bytes=5-"}}));
    EXPECT_FALSE(whole({{"range", "bytes=10-"}}));
    EXPECT_TRUE(whole({{"range", "bytes=5-"}, {"if-range", "\"old\""}}));
    EXPECT_FALSE(whole({{"if-none-match", etag}}));
}

TEST_F(FileTest, KnowsWhatThePeerHas) {
    EXPECT_EQ(server.get("/file", "If-None-Match: \"other\", " + etag + "\r\n").status, 304);
    EXPECT_EQ(server.get("/file", "If-None-Match: \"other\"\r\n").status, 200);
    const auto modified = server.get("/file").header("last-modified");
    EXPECT_EQ(server.get("/file", "If-Modified-Since: " + modified + "\r\n").status, 304);
    EXPECT_EQ(server.get("/file", "Range: bytes=0-1\r\nIf-Range: " + etag + "\r\n").status, 206);
    EXPECT_EQ(server.get("/file", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n").status, 200);
}

TEST(Stream, ComesAsChunksAndKeepsTheConnection) {
    TestServer server([](TestServer& made) {
        made.routes.get("/events", Access::anyone, [](Request&) {
            return Response{200, {{"Content-Type", "text/event-stream"}}, [](Stream& stream) {
                                for (int i = 0; i < 5; ++i) {
                                    if (!stream.write("data: " + std::to_string(i) + "\n\n"))
                                        return;
                                }
                            }};
        });
    });
    Peer peer(server.server->port());
    for (int i = 0; i < 2; ++i) {
        peer.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto reply = peer.read_reply();
        EXPECT_TRUE(reply.whole);
        EXPECT_EQ(reply.body, "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
    }
}

TEST(Stream, WaitsForASlowReaderWithBoundedMemory) {
    constexpr std::size_t total = 64 * 1024 * 1024;
    std::atomic<std::size_t> written = 0;
    TestServer server([&](TestServer& made) {
        made.routes.get("/much", Access::anyone, [&](Request&) {
            return Response{200, {}, [&](Stream& stream) {
                                const std::string piece(64 * 1024, 'x');
                                while (written < total && stream.write(piece)) {
                                    written += piece.size();
                                }
                            }};
        });
    });
    Peer peer(server.server->port(), 64 * 1024);
    peer.send("GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
    // The writer is never further ahead than the buffers on the way, ours and the kernel's.
    std::size_t received = 0;
    while (received < total) {
        const auto bytes = peer.read_bytes(1024 * 1024).size();
        ASSERT_GT(bytes, 0U);
        received += bytes;
        ASSERT_LT(written, received + 16 * 1024 * 1024);
    }
}

TEST(Stream, EndsWhenThePeerVanishes) {
    for (const bool reset : {true, false}) {
        Signal ended;
        TestServer server([&](TestServer& made) {
            made.routes.get("/endless", Access::anyone, [&](Request&) {
                return Response{200, {}, [&](Stream& stream) {
                                    while (stream.write("tick\n")) std::this_thread::yield();
                                    ended.set();
                                }};
            });
        });
        Peer peer(server.server->port());
        peer.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_FALSE(peer.read_bytes(100).empty());
        reset ? peer.vanish() : peer.end_sending();
        EXPECT_TRUE(ended.wait());
    }
}

TEST(Stream, IsCutWhenItsWriterThrows) {
    TestServer server([](TestServer& made) {
        made.routes.get("/breaks", Access::anyone, [](Request&) {
            return Response{200, {}, [](Stream& stream) {
                                if (!stream.write("some")) return;
                                throw std::runtime_error("broken");
                            }};
        });
    });
    EXPECT_FALSE(server.get("/breaks").whole);
}

}  // namespace
}  // namespace stoa::http
