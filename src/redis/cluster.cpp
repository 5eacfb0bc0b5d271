// SPDX-License-Identifier: Apache-2.0
#include "redis/cluster.hpp"

#include <algorithm>
#include <map>
#include <thread>

namespace stoa::redis {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int attempts_max = 6;
constexpr auto first_pause = 4ms;  // doubles: 124 ms in all

const Command asking{"ASKING"};

bool is_open(const auto& errand) { return !errand.reply && !errand.is_lost; }

}  // namespace

Cluster::Cluster(std::vector<Address> seeds, const Options& options, CommandMetrics& metrics)
    : options_(options), metrics_(metrics), topology_(std::move(seeds), options, metrics) {}

Result<std::vector<Reply>> Cluster::exchange(const std::vector<Command>& commands,
                                             std::chrono::milliseconds extra) {
    std::vector<Errand> errands;
    errands.reserve(commands.size());
    for (const auto& command : commands) {
        const auto slot = slot_of_command(command);
        if (!slot) return fail(slot);
        errands.push_back({&command, *slot, {}, {}, false});
    }
    const auto deadline = steady_clock::now() + options_.command_timeout + extra;
    std::chrono::milliseconds pause = first_pause;
    for (int i = 0; i < attempts_max; ++i) {
        const auto generation = topology_.generation();
        const auto findings = attempt(errands, deadline);
        const auto now = steady_clock::now();
        if (findings.needs_map) topology_.refresh(generation, std::max(deadline, now + 100ms));
        if (std::ranges::none_of(errands, is_open<Errand>) || now + pause >= deadline) break;
        if (!findings.needs_pause || i + 1 == attempts_max) continue;
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
    std::vector<Reply> replies;
    replies.reserve(errands.size());
    for (auto& errand : errands) {
        if (!errand.reply) return tl::unexpected(redis_unavailable());
        replies.push_back(std::move(*errand.reply));
    }
    return replies;
}

Cluster::Findings Cluster::attempt(std::vector<Errand>& errands, Deadline deadline) {
    Findings findings;
    auto batches = make_batches(errands, findings);
    for (auto& batch : batches) {
        auto wire = batch.node->take(deadline);
        if (!wire) {  // never sent
            findings.needs_map = findings.needs_pause = true;
            for (Errand* errand : batch.errands) errand->ask = nullptr;
            continue;
        }
        batch.wire = std::move(*wire);
        send(batch, deadline);
    }
    for (auto& batch : batches)
        if (batch.wire) receive(batch, deadline, findings);
    return findings;
}

/// By address: whoever needs connections to several nodes waits for them in this order.
std::vector<Cluster::Batch> Cluster::make_batches(std::vector<Errand>& errands,
                                                  Findings& findings) {
    std::map<Endpoint, Batch> by_node;
    for (auto& errand : errands) {
        if (!is_open(errand)) continue;
        const auto node = find_node(errand);
        if (!node) {
            findings.needs_map = true;
            findings.needs_pause = topology_.generation() != 0;
            continue;
        }
        auto& batch = by_node[{node->address().host, node->address().port}];
        batch.node = node;
        batch.errands.push_back(&errand);
    }
    std::vector<Batch> batches;
    for (auto& [endpoint, batch] : by_node) batches.push_back(std::move(batch));
    return batches;
}

Topology::Node Cluster::find_node(const Errand& errand) {
    if (errand.ask) return errand.ask;
    if (errand.slot) return topology_.find_owner(*errand.slot);
    // One channel's messages take one way, or they would overtake each other.
    if (errand.command->size() > 1) {
        auto usual = topology_.find_owner(slot_of_key((*errand.command)[1]));
        if (usual && !usual->is_resting()) return usual;
    }
    return topology_.find_any();
}

void Cluster::send(Batch& batch, Deadline deadline) {
    std::vector<const Command*> commands;
    for (const Errand* errand : batch.errands) {
        if (errand->ask) commands.push_back(&asking);
        commands.push_back(errand->command);
    }
    (void)batch.wire->send(commands, deadline);
}

void Cluster::receive(Batch& batch, Deadline deadline, Findings& findings) {
    for (Errand* errand : batch.errands) {
        const bool was_asking = std::exchange(errand->ask, nullptr) != nullptr;
        if (was_asking && !batch.wire->is_broken()) (void)batch.wire->receive(deadline);
        if (!batch.wire->is_broken()) {
            if (auto reply = batch.wire->receive(deadline)) {
                take(*errand, std::move(*reply), *batch.node, findings);
                continue;
            }
        }
        findings.needs_map = findings.needs_pause = true;
        errand->is_lost = !is_repeatable(*errand->command);
    }
    if (batch.wire->is_broken()) batch.node->start_rest();
    batch.node->give_back(std::move(batch.wire));
}

void Cluster::take(Errand& errand, Reply reply, const NodePool& from, Findings& findings) {
    const bool is_error = reply.kind == Reply::Kind::error;
    const auto redirect = is_error ? parse_redirect(reply.text) : std::nullopt;
    if (!redirect && (!is_error || !is_passing_error(reply.text))) {
        errand.reply = std::move(reply);
        return;
    }
    metrics_.count_redirect(reply.text);
    if (!redirect) {  // not done
        findings.needs_map = findings.needs_pause = true;
        return;
    }
    const auto node = topology_.node_at(address_of(redirect->target, from.address()));
    if (redirect->kind == Redirect::Kind::ask) {
        errand.ask = node;
        return;
    }
    topology_.move_slot(redirect->slot, node);
    findings.needs_map = true;
}

}  // namespace stoa::redis
