// SPDX-License-Identifier: Apache-2.0
#include "embedding/forward.hpp"

#include <new>

namespace stoa::embedding {

using namespace shape;

namespace {
constexpr std::align_val_t alignment{64};
}

void Forward::Free::operator()(float* floats) const { ::operator delete[](floats, alignment); }

Forward::Floats Forward::allocate(std::size_t count) {
    return Floats(static_cast<float*>(::operator new[](count * sizeof(float), alignment)));
}

Forward::Forward(const Model& model, const Kernels& kernels, std::size_t tokens)
    : model_(model),
      kernels_(kernels),
      states_(allocate(tokens * width)),
      attended_(allocate(tokens * width)),
      wide_(allocate(tokens * inner_width)),
      delta_(allocate(tokens * width)),
      scratch_(allocate(scratch_floats(tokens))) {}

void Forward::run(Batch batch) {
    std::size_t tokens = 0;
    for (const auto* text : batch) tokens += text->ids.size();
    embed(batch);
    add_and_norm(model_.embedding_norm, tokens);
    for (const Layer& layer : model_.layers) pass_layer(layer, batch, tokens);
    const float* state = states_.get();
    for (const auto* text : batch) {
        kernels_.pool(state, text->ids.size(), text->vector->data());
        state += text->ids.size() * width;
    }
}

void Forward::embed(Batch batch) {
    float* state = states_.get();
    float* delta = delta_.get();
    for (const auto* text : batch) {
        const float* position = model_.positions;
        for (const std::int32_t id : text->ids) {
            const float* word = model_.words + static_cast<std::size_t>(id) * width;
            for (std::size_t i = 0; i < width; ++i) {
                state[i] = word[i];
                delta[i] = position[i] + model_.sentence[i];
            }
            state += width;
            delta += width;
            position += width;
        }
    }
}

void Forward::pass_layer(const Layer& layer, Batch batch, std::size_t tokens) {
    multiply(layer.query_key_value, states_, tokens, qkv_width, wide_, Activation::none);
    attend(batch);
    multiply(layer.attended, attended_, tokens, width, delta_, Activation::none);
    add_and_norm(layer.attended_norm, tokens);
    multiply(layer.inner, states_, tokens, inner_width, wide_, Activation::gelu);
    multiply(layer.outer, wide_, tokens, width, delta_, Activation::none);
    add_and_norm(layer.outer_norm, tokens);
}

void Forward::attend(Batch batch) {
    std::size_t first = 0;  // token of the text
    for (const auto* text : batch) {
        for (std::size_t head = 0; head < heads; ++head) {
            kernels_.attend(wide_.get() + first * qkv_width, text->ids.size(), head,
                            attended_.get() + first * width, scratch_.get());
        }
        first += text->ids.size();
    }
}

void Forward::multiply(const Dense& layer, const Floats& in, std::size_t tokens,
                       std::size_t columns, const Floats& out, Activation activation) {
    kernels_.dense(layer, in.get(), tokens, columns, out.get(), activation, scratch_.get());
}

void Forward::add_and_norm(const Norm& norm, std::size_t tokens) {
    kernels_.add_and_norm(states_.get(), delta_.get(), norm, tokens);
}

}  // namespace stoa::embedding
