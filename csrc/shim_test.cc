// The shim's own tests: a program that calls the table as Go does, over sizes that leave rests in every kernel, and every way
// of failing. They check little arithmetic, which the Go tests do against PyTorch; they are for the sanitizers, to which each
// access of the kernels, and each handle that is not released, is visible:
//
//     ./build.sh sanitize
//
// By hand: compile with the flags of compile_flags.txt and -fsanitize=address,undefined -fno-sanitize=vptr, link with a
// libajolote.so that was compiled so too, and run with LSAN_OPTIONS=suppressions=csrc/lsan.supp.
#include "../internal/ctorch/abi.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <thread>
#include <vector>

extern "C" const aj_table* ajolote_table();

namespace {

const aj_table* const t = ajolote_table();

enum DType : int32_t { kLong = 4, kFloat = 6, kBFloat16 = 15 };

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "shim_test: %s\n", what.c_str());
  std::exit(1);
}

void ok(char* error) {
  if (error) fail(error);
}

// fails checks that a call failed with a text that contains part.
void fails(char* error, const char* part) {
  if (!error) fail(std::string("no error, want one with: ") + part);
  if (!std::strstr(error, part)) fail(std::string("error ") + error + ", want one with: " + part);
  ok(t->free_text(error));
}

// Handle owns one handle of the table.
struct Handle {
  aj_tensor h = nullptr;
  Handle() = default;
  Handle(Handle&& other) : h(other.h) { other.h = nullptr; }
  Handle(const Handle&) = delete;
  ~Handle() {
    if (h) ok(t->release(&h, 1));
  }
  aj_tensor* out() {
    if (h) ok(t->release(&h, 1));
    return &h;
  }
  operator aj_tensor() const { return h; }
};

// filled makes a tensor of waves, a different one for each phase.
Handle filled(std::initializer_list<int64_t> shape, double phase = 0, int32_t dtype = kFloat) {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  std::vector<float> data(n);
  for (int64_t i = 0; i < n; i++) data[i] = static_cast<float>(std::sin(0.7 * static_cast<double>(i) + phase));
  Handle wide, result;
  ok(t->from_data(data.data(), shape.begin(), static_cast<int64_t>(shape.size()), kFloat, wide.out()));
  ok(t->to(wide, dtype, -2, result.out()));
  return result;
}

Handle leaf(std::initializer_list<int64_t> shape, double phase = 0, int32_t dtype = kFloat) {
  Handle h = filled(shape, phase, dtype);
  ok(t->set_requires_grad(h, 1));
  return h;
}

Handle longs(const std::vector<int64_t>& values) {
  Handle h;
  const int64_t n = static_cast<int64_t>(values.size());
  ok(t->from_data(values.data(), &n, 1, kLong, h.out()));
  return h;
}

// backward goes back from the sum of a tensor and checks that every leaf has a finite gradient.
void backward(aj_tensor root, std::initializer_list<aj_tensor> leaves) {
  Handle total;
  ok(t->sum(root, nullptr, 0, 0, total.out()));
  ok(t->backward(&total.h, nullptr, 1, 0));
  int32_t finite = 0;
  ok(t->all_finite(leaves.begin(), static_cast<int64_t>(leaves.size()), 1, &finite));
  if (!finite) fail("a gradient is not finite");
  for (aj_tensor l : leaves) {
    Handle g;
    ok(t->grad(l, g.out()));
    if (!g.h) fail("a leaf has no gradient");
  }
}

void fused_operations(int32_t dtype) {
  for (int64_t size : {1, 2, 7, 16, 33, 67, 130}) {
    for (int64_t rows : {0, 1, 3, 40}) {
      Handle x = leaf({rows, size}, 1, dtype), y = leaf({rows, size}, 2, dtype), w = leaf({size}, 3, dtype);
      Handle normed, sum, both, gated;
      ok(t->rms_norm(x, w, 1e-5, normed.out()));
      backward(normed, {x, w});
      ok(t->add_rms_norm(x, y, w, 1e-5, sum.out(), both.out()));
      backward(both, {x, y, w});
      ok(t->swiglu(x, y, gated.out()));
      backward(gated, {x, y});
      if (size > 1) {
        Handle dropped;
        ok(t->counter_dropout(x, 0.3, 1, 2, 3, dropped.out()));
        backward(dropped, {x});
      }
    }
  }
  for (int64_t half : {1, 5, 16, 33}) {
    Handle x = leaf({5, 3, 2 * half}, 0, dtype), c = filled({5, half}, 1), s = filled({5, half}, 2), y;
    ok(t->rotary(x, c, s, y.out()));
    backward(y, {x});
  }
}

void attention(bool causal, int64_t tokens, int64_t prefix, int64_t window, double p) {
  Handle q = leaf({tokens, 4, 9}), k = leaf({tokens, 2, 9}, 1), v = leaf({tokens, 2, 9}, 2);
  Handle pk = leaf({prefix, 2, 9}, 3), pv = leaf({prefix, 2, 9}, 4), out;
  const int64_t bounds[] = {0, 4, 4, tokens};
  ok(t->segment_attention(q, k, v, bounds, 4, prefix ? pk.h : nullptr, prefix ? pv.h : nullptr, causal, window, 0.3, p, 1,
                          2, 3, out.out()));
  if (prefix) {
    backward(out, {q, k, v, pk, pv});
  } else {
    backward(out, {q, k, v});
  }
}

void cross_entropy(int32_t head_dtype) {
  for (int64_t budget : {1, 500, 1 << 20}) {
    Handle x = leaf({9, 5}), w = head_dtype == kFloat ? leaf({37, 5}, 1) : filled({37, 5}, 1, head_dtype), loss;
    Handle y = longs({0, 36, 4, 4, 17, 1, 2, 3, 30});
    ok(t->linear_cross_entropy(x, w, y, 0.5, budget, loss.out()));
    if (head_dtype == kFloat) {
      backward(loss, {x, w});
    } else {
      backward(loss, {x});
    }
  }
}

void optimizers() {
  Handle p = leaf({12, 7}), q = leaf({5, 12}, 1), unused = leaf({3, 3}), product;
  Handle steps[3], m[3], v[3];
  std::vector<aj_tensor> parameters = {p, q, unused}, ms(3), vs(3), ss(3);
  for (int i = 0; i < 3; i++) {
    const int64_t shapes[3][2] = {{12, 7}, {5, 12}, {3, 3}};
    ok(t->full(nullptr, 0, 0, kFloat, -1, steps[i].out()));
    ok(t->full(shapes[i], 2, 0, kFloat, -1, m[i].out()));
    ok(t->full(shapes[i], 2, 0, kFloat, -1, v[i].out()));
    ms[i] = m[i], vs[i] = v[i], ss[i] = steps[i];
  }
  for (int step = 0; step < 3; step++) {
    ok(t->matmul(q, p, product.out()));
    backward(product, {p, q});
    double norm = 0;
    ok(t->clip_grad_norm(parameters.data(), 3, 0.1, &norm));
    if (!(norm > 0.1)) fail("the norm of the gradients is too small to be clipped");
    ok(t->adamw(parameters.data(), ms.data(), vs.data(), ss.data(), 3, 1e-2, 0.9, 0.999, 1e-8, 0.1));
    ok(t->muon(parameters.data(), ms.data(), 2, 1e-2, 0.1, 0.95, step % 2, step % 2, 1e-7, 5));
    ok(t->zero_grad(parameters.data(), 3));
  }
}

void generators() {
  aj_generator g = nullptr;
  Handle state, x = filled({33}), order;
  ok(t->generator_new(5, &g));
  ok(t->generator_state(g, state.out()));
  ok(t->normal_(x, 0, 1, g));
  ok(t->uniform_(x, 0, 1, g));
  ok(t->randperm(10, g, order.out()));
  ok(t->generator_set_state(g, state));
  fails(t->generator_set_state(g, x), "");
  ok(t->generator_free(g));
}

void failures() {
  Handle a = filled({2, 3}), b = filled({4, 5}), out;
  fails(t->matmul(a, b, out.out()), "cannot be multiplied");
  fails(t->add(a, nullptr, 1, out.out()), "a tensor is missing");
  fails(t->rms_norm(a, b, 1e-5, out.out()), "does not fit");
  fails(t->to_data(a, nullptr, 5), "the tensor has 24 bytes, the buffer 5");
  fails(t->set_kernel_level("none"), "no kernel level");
  fails(t->load_cuda("/no/such/library"), "cannot open");
  // An exception inside a backward function comes out of backward.
  Handle x = leaf({3}), e, total;
  ok(t->exp(x, e.out()));
  ok(t->sum(e, nullptr, 0, 0, total.out()));
  int32_t before = 0;
  ok(t->set_grad_enabled(0, &before));
  ok(t->fill_(e, 0));
  ok(t->set_grad_enabled(before, &before));
  fails(t->backward(&total.h, nullptr, 1, 0), "inplace");
  if (out.h) fail("a call that failed wrote a result");
}

void everything() {
  for (int32_t dtype : {kFloat, kBFloat16}) {
    fused_operations(dtype);
    cross_entropy(dtype);
  }
  for (bool causal : {false, true})
    for (int64_t prefix : {0, 5}) attention(causal, 11, prefix, 0, 0);
  attention(true, 11, 5, 3, 0);
  attention(true, 150, 530, 0, 0);  // several tiles and bands of keys
  attention(false, 11, 0, 0, 0.3);
  attention(false, 700, 0, 0, 0.3);
  optimizers();
  generators();
  failures();
}

}  // namespace

int main() {
  if (t->abi != AJ_ABI) fail("the library has another ABI");
  for (const char* level : {"composite", "portable", "avx2", "avx512", ""}) {
    if (char* error = t->set_kernel_level(level)) {
      fails(error, "above what this CPU has");
      continue;
    }
    everything();
  }
  std::vector<std::thread> jobs;
  for (int i = 0; i < 4; i++) jobs.emplace_back(everything);
  for (std::thread& job : jobs) job.join();
  int64_t live = -1;
  ok(t->live_handles(&live));
  if (live != 0) fail(std::to_string(live) + " handles were not released");
  std::puts("shim_test: all passed");
}
