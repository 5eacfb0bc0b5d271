// SPDX-License-Identifier: Apache-2.0
// Our side of `./dev bench embed`: reads texts (a JSON array of strings), then obeys lines of stdin
// and answers each with one line of JSON, so that compare.py can take turns between us and the
// peers.
//   embed_bench MODEL_DIR TEXTS.json THREADS [QUERY]
//   all      encode every text in one call: seconds of wall clock and of CPU
//   query N  encode the query N times, one call each: every call's seconds
//   vectors  the vectors of all texts
#include "embedding/encoder.hpp"
#include "embedding/kernels.hpp"

#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

namespace {

using namespace stoa::embedding;

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// What of this process's memory is its own: no file's, no other process's.
std::string private_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) return line.substr(line.find_first_not_of(" \t", 8));
    }
    return "unknown";
}

boost::json::value obey(Encoder& encoder, const std::string& line,
                        const std::vector<std::string_view>& texts, std::string_view query) {
    if (line == "all") {
        const double wall = wall_seconds();
        const double cpu = cpu_seconds();
        const auto vectors = encoder.encode(texts);
        return {{"wall", wall_seconds() - wall}, {"cpu", cpu_seconds() - cpu}};
    }
    if (line == "vectors") return boost::json::value_from(encoder.encode(texts).value());
    std::vector<double> seconds(std::stoul(line.substr(line.find(' '))));
    for (double& one : seconds) {
        const double wall = wall_seconds();
        const auto vectors = encoder.encode(std::span(&query, 1));
        one = wall_seconds() - wall;
    }
    return boost::json::value_from(seconds);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: embed_bench MODEL_DIR TEXTS.json THREADS [QUERY]\n";
        return 2;
    }
    const double start = wall_seconds();
    auto encoder = Encoder::open({.model_dir = argv[1], .threads = std::stoul(argv[3])});
    if (!encoder) {
        std::cerr << encoder.error().message << '\n';
        return 1;
    }
    const double open_seconds = wall_seconds() - start;
    std::ifstream file(argv[2]);
    const std::string json((std::istreambuf_iterator<char>(file)), {});
    const auto strings = boost::json::value_to<std::vector<std::string>>(boost::json::parse(json));
    const std::vector<std::string_view> texts(strings.begin(), strings.end());
    const std::string query = argc > 4 ? argv[4] : "";
    (void)(*encoder)->encode(std::span(texts).first(std::min<std::size_t>(texts.size(), 8)));
    const boost::json::value ready = {{"kernels", choose_kernels().name},
                                      {"open_seconds", open_seconds},
                                      {"private_memory", private_memory()}};
    std::cout << boost::json::serialize(ready) << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << boost::json::serialize(obey(**encoder, line, texts, query)) << std::endl;
    }
}
