// The shim's own test: calls through the table as Go does, with shapes that are no multiple of any vector, at every kernel
// level, so that the address and undefined-behaviour sanitizers see the kernels. Run by ./build.sh sanitize. What the
// operations compute is tested from Go, against numbers of the Python libraries.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "../internal/ctorch/abi.h"

extern "C" const aj_table* ajolote_table();

namespace {

const aj_table& shim = *ajolote_table();
constexpr int32_t kFloat = 6, kLong = 4, kBFloat16 = 15;  // c10::ScalarType

void fail(const std::string& what) {
  std::fprintf(stderr, "FAIL: %s\n", what.c_str());
  std::exit(1);
}

void require(bool holds, const std::string& claim) {
  if (!holds) fail(claim);
}

// take returns the error text of a call, and frees it.
std::string take(char* text) {
  if (!text) return "";
  std::string copy = text;
  shim.free_text(text);
  return copy;
}

void ok(char* text) {
  std::string error = take(text);
  if (!error.empty()) fail(error);
}

int64_t live() {
  int64_t n;
  ok(shim.live_handles(&n));
  return n;
}

// Tensor owns a handle.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Tensor&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Tensor(const Tensor&) = delete;
  ~Tensor() {
    if (handle_) ok(shim.release(&handle_, 1));
  }
  operator aj_tensor() const { return handle_; }
  aj_tensor* out() { return &handle_; }

 private:
  aj_tensor handle_ = nullptr;
};

Tensor from(const void* data, const std::vector<int64_t>& shape, int32_t dtype) {
  Tensor t;
  ok(shim.from_data(data, shape.data(), static_cast<int64_t>(shape.size()), dtype, t.out()));
  return t;
}

// wave is a tensor of values between -1 and 1 that asks for its gradient.
Tensor wave(const std::vector<int64_t>& shape, int32_t dtype = kFloat) {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  std::vector<float> values(n);
  for (int64_t i = 0; i < n; i++) values[i] = std::sin(0.7f * static_cast<float>(i) + static_cast<float>(n));
  Tensor t = from(values.data(), shape, kFloat);
  if (dtype != kFloat) {
    Tensor converted;
    ok(shim.to(t, dtype, -1, converted.out()));
    ok(shim.set_requires_grad(converted, 1));
    return converted;
  }
  ok(shim.set_requires_grad(t, 1));
  return t;
}

// walk_back runs the backward pass of the sum and checks that every gradient is there and finite.
void walk_back(const Tensor& out, std::initializer_list<const Tensor*> inputs) {
  Tensor sum, wide;
  ok(shim.to(out, kFloat, -1, wide.out()));
  ok(shim.sum(wide, nullptr, 0, 0, sum.out()));
  aj_tensor roots[] = {sum}, grads[] = {nullptr};
  ok(shim.backward(roots, grads, 1, 0));
  for (const Tensor* input : inputs) {
    Tensor grad;
    ok(shim.grad(*input, grad.out()));
    require(grad, "every input has a gradient");
    aj_tensor list[] = {grad};
    int32_t finite;
    ok(shim.all_finite(list, 1, 0, &finite));
    require(finite, "the gradients are finite");
  }
}

void rms_norm(int32_t dtype) {
  for (int64_t width : {1, 7, 16, 65}) {
    Tensor x = wave({5, width}, dtype), w = wave({width}, dtype), y;
    ok(shim.rms_norm(x, w, 1e-5, y.out()));
    walk_back(y, {&x, &w});
  }
}

void rotary(int32_t dtype) {
  for (int64_t size : {2, 6, 34}) {
    Tensor x = wave({5, 3, size}, dtype), cos = wave({5, size / 2}), sin = wave({5, size / 2}), y;
    ok(shim.set_requires_grad(cos, 0));
    ok(shim.set_requires_grad(sin, 0));
    ok(shim.rotary(x, cos, sin, y.out()));
    walk_back(y, {&x});
  }
}

void swiglu(int32_t dtype) {
  for (int64_t width : {1, 15, 33, 129}) {
    Tensor gate = wave({3, width}, dtype), up = wave({3, width}, dtype), y;
    ok(shim.swiglu(gate, up, y.out()));
    walk_back(y, {&gate, &up});
  }
}

void cross_entropy(int32_t dtype) {
  Tensor x = wave({11, 9}, dtype), w = wave({37, 9}, dtype), loss;
  std::vector<int64_t> labels = {0, 36, 5, 1, 2, 3, 4, 5, 6, 7, 8};
  Tensor y = from(labels.data(), {11}, kLong);
  ok(shim.linear_cross_entropy(x, w, y, 0.5, 3 * 37 * 4, loss.out()));  // chunks of three rows
  walk_back(loss, {&x, &w});
}

void attention(int32_t dtype) {
  const std::vector<int64_t> bounds = {0, 3, 3, 10};  // one segment is empty
  for (bool shared : {false, true}) {
    Tensor q = wave({10, 4, 12}, dtype), k = wave({10, 2, 12}, dtype), v = wave({10, 2, 12}, dtype), y;
    Tensor pk = wave({5, 2, 12}, dtype), pv = wave({5, 2, 12}, dtype);
    ok(shim.segment_attention(q, k, v, bounds.data(), 3, shared ? pk : nullptr, shared ? pv : nullptr, 1, 0,
                              1 / std::sqrt(12.0), y.out()));
    if (shared) {
      walk_back(y, {&q, &k, &v, &pk, &pv});
    } else {
      walk_back(y, {&q, &k, &v});
    }
  }
}

void dropout(int32_t dtype) {
  Tensor x = wave({7, 13}, dtype), y;
  ok(shim.counter_dropout(x, 0.4, 1, 2, 3, y.out()));
  walk_back(y, {&x});
}

void optimizer() {
  Tensor p = wave({5, 7}), m = wave({5, 7}), v = wave({5, 7}), step, square, g = wave({5, 7});
  ok(shim.set_requires_grad(m, 0));
  ok(shim.set_requires_grad(v, 0));
  ok(shim.set_requires_grad(g, 0));
  ok(shim.mul(v, v, square.out()));
  ok(shim.full(nullptr, 0, 0, kFloat, -1, step.out()));
  ok(shim.set_grad(p, g));
  aj_tensor ps[] = {p}, ms[] = {m}, vs[] = {square}, steps[] = {step};
  double norm;
  ok(shim.clip_grad_norm(ps, 1, 0.5, &norm));
  require(norm > 0.5, "the norm is that before clipping");
  ok(shim.adamw(ps, ms, vs, steps, 1, 1e-3, 0.9, 0.999, 1e-8, 0.01));
  ok(shim.zero_grad(ps, 1));
}

// errors_are_texts: whatever goes wrong inside comes back as a text, also from other functions' backward passes.
void errors_are_texts() {
  Tensor a = wave({2, 3}), b = wave({4, 5}), out;
  require(take(shim.matmul(a, b, out.out())).find("2x3") != std::string::npos, "a mismatch names the shapes");
  require(take(shim.add(nullptr, b, 1, out.out())) != "", "a missing tensor is an error");
  std::vector<int64_t> huge = {int64_t{1} << 40, int64_t{1} << 20};
  require(take(shim.empty(huge.data(), 2, kFloat, -1, out.out())) != "", "too large a tensor is an error");
  aj_tensor roots[] = {a}, grads[] = {nullptr};
  require(take(shim.backward(roots, grads, 1, 0)) != "", "backward from a matrix without gradient is an error");
  require(take(shim.set_kernel_level("sse9")) != "", "an unknown kernel level is an error");
  require(!out, "an output is written on success only");
}

void all_operations() {
  for (int32_t dtype : {kFloat, kBFloat16}) {
    rms_norm(dtype);
    rotary(dtype);
    swiglu(dtype);
    cross_entropy(dtype);
    attention(dtype);
    dropout(dtype);
  }
  optimizer();
  errors_are_texts();
}

}  // namespace

int main() {
  const int64_t before = live();
  for (const char* level : {"composite", "portable", "avx2", "avx512", "avx512bf16"}) {
    std::string error = take(shim.set_kernel_level(level));
    if (!error.empty()) {
      std::printf("%s: not on this CPU\n", level);
      continue;
    }
    all_operations();
    std::printf("%s: ok\n", level);
  }
  ok(shim.set_kernel_level(""));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) threads.emplace_back(all_operations);
  for (std::thread& t : threads) t.join();
  require(live() == before, "every handle is released");
  std::printf("four threads at once: ok\n");
}
