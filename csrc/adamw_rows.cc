// AdamW (Loshchilov and Hutter, 2019) of a table of which every step moves few rows, equal to the dense optimizer: a row
// that had no gradient for some steps is brought up to date by making those steps with a gradient of zero, one after the
// other, with the multiplications and roundings that the dense optimizer would have made. So it does not matter when a row is
// brought up to date, nor in how many goes. A row that never had a gradient has no averages: only weight decay moves it.
#include "kernels/elementwise.h"

#include <cmath>

namespace ajolote {
namespace {

// Factors are what a step multiplies by, in the type in which ATen's fused AdamW does.
struct Factors {
  float decay;      // 1 - lr weight_decay
  float step_size;  // lr / (1 - beta1^t)
  float root;       // sqrt(1 - beta2^t)
};

// move makes one step of a row of n elements; g is null for a gradient of zero, m and v are null for a row without averages.
// The order of operations is that of torch.optim.AdamW(fused=True): m by linear interpolation, m + (g - m)(1 - beta1).
template <typename E>
AJ_BODY move_body(E* p, E* m, E* v, const E* g, int64_t n, const Factors& f, float lerp, float beta2, float rest2,
                  float eps) {
  if (!m) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) p[i] *= f.decay;
  } else if (!g) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const float average = m[i] + lerp * (0.f - m[i]), square = v[i] * beta2;
      m[i] = average;
      v[i] = square;
      p[i] = p[i] * f.decay - f.step_size * average / (std::sqrt(square) / f.root + eps);
    }
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const float average = m[i] + lerp * (g[i] - m[i]), square = v[i] * beta2 + rest2 * g[i] * g[i];
      m[i] = average;
      v[i] = square;
      p[i] = p[i] * f.decay - f.step_size * average / (std::sqrt(square) / f.root + eps);
    }
  }
}
AJ_LEVELS(move,
          (E * p, E* m, E* v, const E* g, int64_t n, const Factors& f, float lerp, float beta2, float rest2, float eps),
          (p, m, v, g, n, f, lerp, beta2, rest2, eps))

}  // namespace

// Rows[i] of the table, whose averages lie in row slots[i] of the pages in turn (-1: it has none), has made steps[i] steps
// and makes those up to `now`, the last one with row i of the gradient where that is given. rates are the learning rates of
// the steps up to `now`.
void adamw_rows(aj_tensor table, aj_tensor const* averages, aj_tensor const* squares, int64_t pages, const int64_t* rows,
                const int64_t* slots, const int64_t* steps, int64_t n, aj_tensor gradient, const double* rates,
                int64_t rates_n, int64_t now, double beta1, double beta2, double eps, double weight_decay) {
  const at::Tensor& t = T(table);
  TORCH_CHECK(t.dim() == 2 && t.is_contiguous() && t.scalar_type() == at::kFloat && t.device().is_cpu(),
              "the table must be a float32 matrix in main memory");
  const int64_t width = t.size(1), page = pages ? T(averages[0]).size(0) : 1;
  std::vector<float*> m, v;
  for (int64_t i = 0; i < pages; i++) {
    for (const at::Tensor* a : {&T(averages[i]), &T(squares[i])})
      TORCH_CHECK(a->is_contiguous() && a->scalar_type() == at::kFloat && a->dim() == 2 && a->size(0) == page &&
                      a->size(1) == width,
                  "a page of averages is ", a->sizes(), ", not ", page, " rows of ", width);
    m.push_back(T(averages[i]).data_ptr<float>());
    v.push_back(T(squares[i]).data_ptr<float>());
  }
  const at::Tensor given = gradient ? T(gradient).contiguous() : at::Tensor();
  TORCH_CHECK(!given.defined() ||
                  (given.dim() == 2 && given.size(0) == n && given.size(1) == width && given.scalar_type() == at::kFloat),
              "the gradient must have a row of ", width, " float32 for each of the ", n, " rows");
  for (int64_t i = 0; i < n; i++)
    TORCH_CHECK(rows[i] >= 0 && rows[i] < t.size(0) && slots[i] >= -1 && slots[i] < pages * page && steps[i] <= now &&
                    now - steps[i] <= rates_n && (!given.defined() || (slots[i] >= 0 && steps[i] < now)),
                "row ", rows[i], " of ", t.size(0), " with slot ", slots[i], " cannot go from step ", steps[i], " to ",
                now);
  std::vector<Factors> factors;
  for (int64_t i = 0; i < rates_n; i++) {
    const double step = static_cast<double>(now - rates_n + 1 + i);
    factors.push_back({static_cast<float>(1 - rates[i] * weight_decay),
                       static_cast<float>(rates[i] / (1 - std::pow(beta1, step))),
                       static_cast<float>(std::sqrt(1 - std::pow(beta2, step)))});
  }
  float* data = t.data_ptr<float>();
  const float* g = given.defined() ? given.data_ptr<float>() : nullptr;
  parallel(n, grain_rows(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t slot = slots[i], at = slot < 0 ? 0 : (slot % page) * width;
      float *mean = slot < 0 ? nullptr : m[slot / page] + at, *square = slot < 0 ? nullptr : v[slot / page] + at;
      for (int64_t step = steps[i] + 1; step <= now; step++)
        move<float>(data + rows[i] * width, mean, square, g && step == now ? g + i * width : nullptr, width,
                    factors[step - (now - rates_n) - 1], static_cast<float>(1 - beta1), static_cast<float>(beta2),
                    static_cast<float>(1 - beta2), static_cast<float>(eps));
    }
  });
}

}  // namespace ajolote
