// Random numbers: ATen's CPU generator (MT19937), so that one seed gives torch's own numbers.
#include "shim.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/randperm.h>

namespace ajolote {
namespace {
at::Generator& G(aj_generator g) {
  TORCH_CHECK(g, "a generator is missing");
  return *static_cast<at::Generator*>(g);
}

std::optional<at::Generator> maybe_generator(aj_generator g) {
  return g ? std::optional<at::Generator>(G(g)) : std::nullopt;
}
}  // namespace

void generator_new(uint64_t seed, aj_generator* out) { *out = new at::Generator(at::detail::createCPUGenerator(seed)); }

void generator_free(aj_generator g) { delete static_cast<at::Generator*>(g); }

void generator_state(aj_generator g, aj_tensor* out) {
  std::lock_guard<std::mutex> lock(G(g).mutex());
  give(out, G(g).get_state());
}

void generator_set_state(aj_generator g, aj_tensor state) {
  std::lock_guard<std::mutex> lock(G(g).mutex());
  G(g).set_state(T(state));
}

void uniform_(aj_tensor a, double low, double high, aj_generator g) { T(a).uniform_(low, high, maybe_generator(g)); }
void normal_(aj_tensor a, double mean, double std, aj_generator g) { T(a).normal_(mean, std, maybe_generator(g)); }

void randperm(int64_t n, aj_generator g, aj_tensor* out) {
  give(out, at::randperm(n, maybe_generator(g), at::TensorOptions().dtype(at::kLong)));
}

void multinomial(aj_tensor p, int64_t n, aj_generator g, aj_tensor* out) {
  give(out, at::multinomial(T(p), n, /*replacement=*/false, maybe_generator(g)));
}

}  // namespace ajolote
