// SPDX-License-Identifier: Apache-2.0
#include "embedding/forward.hpp"

#include <algorithm>
#include <new>
#include <thread>

namespace stoa::embedding {

using namespace shape;

namespace {

constexpr std::align_val_t alignment{64};
/// Rows that are cheap one by one are taken by so many.
constexpr std::size_t rows_together = 8;
/// Tens of microseconds: a short text's part is made by then, unless its thread has lost its core.
constexpr int spins_max = 1'000;

/// Until all parts are done. They take microseconds, so giving up the core would cost more.
void wait_for(const std::atomic<std::size_t>& done, std::size_t parts) {
    for (int spins = 0; done.load(std::memory_order_acquire) < parts;) {
        if (spins == spins_max) {
            std::this_thread::yield();
            continue;
        }
        ++spins;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
}

}  // namespace

void Forward::Free::operator()(float* floats) const { ::operator delete[](floats, alignment); }

Forward::Floats Forward::allocate(std::size_t count) {
    return Floats(static_cast<float*>(::operator new[](count * sizeof(float), alignment)));
}

Forward::Forward(const Model& model, const Kernels& kernels, std::size_t tokens,
                 std::size_t threads_max)
    : model_(model),
      kernels_(kernels),
      states_(allocate(tokens * width)),
      attended_(allocate(tokens * width)),
      wide_(allocate(tokens * inner_width)),
      delta_(allocate(tokens * width)) {
    tokens_.reserve(tokens);
    firsts_.reserve(tokens);
    while (scratches_.size() < threads_max) {
        scratches_.push_back(allocate(scratch_floats(tokens)));
    }
}

void Forward::begin(Batch batch) {
    batch_ = batch;
    tokens_.clear();
    firsts_.clear();
    for (const auto* text : batch) {
        firsts_.push_back(tokens_.size());
        for (std::size_t i = 0; i < text->ids.size(); ++i) tokens_.push_back({text->ids[i], i});
    }
    for (Stage& stage : stages_) {
        stage.next = 0;
        stage.done = 0;
    }
    entered_ = 0;
}

void Forward::pass() {
    Way way{scratches_.at(entered_++).get(), stages_.data()};
    share_rows(way, [this](std::size_t first, std::size_t end) { embed(first, end); });
    for (const Layer& layer : model_.layers) pass_layer(way, layer);
    share(way, batch_.size(), [this](std::size_t i) {
        const auto* text = batch_[i];
        kernels_.pool(states_.get() + firsts_[i] * width, text->ids.size(), text->vector->data());
    });
}

/// Calls `make(part)` for every part that no other thread takes.
template <class Make>
void Forward::share(Way& way, std::size_t parts, const Make& make) {
    Stage& stage = *way.stage++;
    std::size_t made = 0;
    for (auto part = take(stage.next); part < parts; part = take(stage.next), ++made) make(part);
    stage.done += made;
    wait_for(stage.done, parts);
}

/// Calls `make(first, end)` for rows that no other thread takes.
template <class Make>
void Forward::share_rows(Way& way, const Make& make) {
    const std::size_t rows = tokens_.size();
    share(way, (rows + rows_together - 1) / rows_together, [&](std::size_t part) {
        const std::size_t first = part * rows_together;
        make(first, std::min(rows, first + rows_together));
    });
}

void Forward::embed(std::size_t first, std::size_t end) {
    for (std::size_t row = first; row < end; ++row) {
        const auto& [id, position] = tokens_[row];
        const float* word = model_.words + static_cast<std::size_t>(id) * width;
        const float* place = model_.positions + position * width;
        float* state = states_.get() + row * width;
        float* delta = delta_.get() + row * width;
        for (std::size_t i = 0; i < width; ++i) {
            state[i] = word[i];
            delta[i] = place[i] + model_.sentence[i];
        }
    }
    add_and_norm(model_.embedding_norm, first, end);
}

void Forward::pass_layer(Way& way, const Layer& layer) {
    const auto norm = [&](const Norm& of) {
        share_rows(way, [&](std::size_t first, std::size_t end) { add_and_norm(of, first, end); });
    };
    multiply(way, layer.query_key_value, states_, qkv_width, wide_, Activation::none);
    attend(way);
    multiply(way, layer.attended, attended_, width, delta_, Activation::none);
    norm(layer.attended_norm);
    multiply(way, layer.inner, states_, inner_width, wide_, Activation::gelu);
    multiply(way, layer.outer, wide_, width, delta_, Activation::none);
    norm(layer.outer_norm);
}

void Forward::attend(Way& way) {
    share(way, batch_.size() * heads, [&](std::size_t part) {
        const std::size_t text = part / heads;
        const std::size_t first = firsts_[text];
        kernels_.attend(wide_.get() + first * qkv_width, batch_[text]->ids.size(), part % heads,
                        attended_.get() + first * width, way.scratch);
    });
}

void Forward::multiply(Way& way, const Dense& layer, const Floats& in, std::size_t columns,
                       const Floats& out, Activation activation) {
    Stage& stage = *way.stage++;
    stage.done += kernels_.dense({layer, in.get(), tokens_.size(), columns, out.get(), activation},
                                 stage.next, way.scratch);
    wait_for(stage.done, columns / panel_columns);
}

void Forward::add_and_norm(const Norm& norm, std::size_t first, std::size_t end) {
    kernels_.add_and_norm(states_.get() + first * width, delta_.get() + first * width, norm,
                          end - first);
}

}  // namespace stoa::embedding
