// Running an operation of our own with or without a record for the way back.
#pragma once

#include <c10/core/GradMode.h>

#include <utility>

namespace ajolote {

// recorded runs an autograd function F. Where no gradients are recorded, as in generation, it calls F::forward with a null
// context, which then keeps nothing: for one token a graph's node costs more than some of the operations.
template <typename F, typename... Args>
auto recorded(Args&&... args) {
  return c10::GradMode::is_enabled() ? F::apply(std::forward<Args>(args)...)
                                     : F::forward(nullptr, std::forward<Args>(args)...);
}

}  // namespace ajolote
