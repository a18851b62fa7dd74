// y = x Wᵀ + u bᵀ + bias and dx = dy W + g a for many tokens, W in NF4.
//
// A tile of W, 256 x 256, is decoded into memory that stays in a core's second-level cache, and multiplied with all tokens
// of a group before the next one; decoding is a few per cent of the product from 64 tokens on, so backward simply does it
// again. The tile is used in its own order both times:
//
//   forward   yᵀ = W xᵀ: the tile is the left factor, xᵀ, packed once for all matrices and tiles, the right one; the sums,
//             [256 rows, tokens], are written out transposed. Threads take bands of rows.
//   backward  dx = dy W: the tile is the right factor, dy the left one. Threads take bands of columns.
//
// So no two threads add to one sum, and the result does not depend on the number of threads. The low-rank term is one
// more step of the inner dimension. With bfloat16 factors, where the CPU multiplies those, the right factor has two steps
// of the inner dimension side by side; other 16-bit types are rounded and multiplied as float32.
#include "nf4_gemm.h"

#include "tiles.h"

#include <ATen/native/CPUBlas.h>
#include <ATen/ops/empty.h>
#include <c10/util/BFloat16.h>

namespace ajolote {
namespace {

using at::native::cpublas::brgemm;

constexpr int64_t kTileRows = 256, kTileCols = 256;
constexpr int64_t kGroup = 1024;  // tokens that share a decoded tile

Rounding rounding_of(c10::ScalarType compute) {
  return compute == at::kBFloat16 ? Rounding::bfloat16 : compute == at::kHalf ? Rounding::float16 : Rounding::none;
}

// Decoder decodes tiles of one matrix for one thread.
struct Decoder {
  Decoder(const NF4& matrix, Rounding rounding, Level level)
      : w(matrix),
        rounding(rounding),
        decoders(nf4_decoders(level)),
        scales0(kTileCols / kUnit),
        scales1(kTileCols / kUnit) {}

  // Rows [row, row+rows) and columns [col, col+cols) as floats, [rows, cols].
  void floats(int64_t row, int64_t rows, int64_t col, int64_t cols, float* out) {
    for (int64_t r = 0; r < rows; r++, out += cols) {
      const int64_t first = (row + r) * w.cols + col;
      if (w.units()) {
        w.scales(first, cols / kUnit, scales0.data);
        decoders.floats(w.codes + first / 2, scales0.data, cols / kUnit, rounding, out);
      } else {
        nf4_decode_any(w, first, cols, rounding, out);
      }
    }
  }

  // The same as bfloat16; only for rows of whole units.
  void halves(int64_t row, int64_t rows, int64_t col, int64_t cols, uint16_t* out) {
    for (int64_t r = 0; r < rows; r++, out += cols) {
      const int64_t first = (row + r) * w.cols + col;
      w.scales(first, cols / kUnit, scales0.data);
      decoders.halves(w.codes + first / 2, scales0.data, cols / kUnit, rounding, out);
    }
  }

  // The same as [rows/2, cols, 2]; rows is even.
  void pairs(int64_t row, int64_t rows, int64_t col, int64_t cols, uint16_t* out) {
    for (int64_t r = 0; r < rows; r += 2, out += 2 * cols) {
      const int64_t first = (row + r) * w.cols + col, second = first + w.cols;
      w.scales(first, cols / kUnit, scales0.data);
      w.scales(second, cols / kUnit, scales1.data);
      decoders.pairs(w.codes + first / 2, scales0.data, w.codes + second / 2, scales1.data, cols / kUnit, out);
    }
  }

  RawNF4 w;
  Rounding rounding;
  const NF4Decoders& decoders;
  Buffer<float> scales0, scales1;
};

void pack_pairs(const Panels<uint16_t>& to, const uint16_t* x) {
  parallel(to.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      const int64_t width = to.width(p), tokens = std::min(kPanel, to.tokens - p * kPanel);
      uint32_t* out = reinterpret_cast<uint32_t*>(to.panel(p));
      if (tokens < width) std::fill_n(out, width * to.inner / 2, 0u);
      transpose(reinterpret_cast<const uint32_t*>(x + p * kPanel * to.inner), tokens, to.inner / 2, to.inner / 2, out,
                width);
    }
  });
}

bool multiplies_bfloat16(c10::ScalarType compute, Level level) {
  return compute == at::kBFloat16 && level >= Level::avx512bf16;
}

// factors brings x to the type in which it is multiplied: bfloat16, or float32, rounded to the type asked for before.
at::Tensor factors(const at::Tensor& x, c10::ScalarType compute, bool bfloat16) {
  at::Tensor rounded = x.to(compute);
  return (bfloat16 ? rounded : rounded.to(at::kFloat)).contiguous();
}

const float* floats_or_null(const at::Tensor& t) { return t.defined() ? t.data_ptr<float>() : nullptr; }

// Group is what all matrices of a forward product share for one group of tokens.
struct Group {
  int64_t first, tokens;
  const Panels<float>* floats;     // or
  const Panels<uint16_t>* halves;  // bfloat16
};

template <typename Out>
void forward_group(const Group& g, const NF4Forward& part, Rounding rounding, Level level, Out* y) {
  const RawNF4 w(*part.w);
  const int64_t rank = part.u.defined() ? part.u.size(1) : 0;
  Panels<float> low(rank ? g.tokens : 0, rank);
  if (rank) pack_floats(low, part.u.data_ptr<float>() + g.first * part.u.stride(0), part.u.stride(0));
  const Panels<float> shape(g.tokens, 0);
  const float *b = floats_or_null(part.b), *bias = floats_or_null(part.bias);
  parallel(round_up(w.rows, kLane) / kLane, 1, [&](int64_t begin, int64_t end) {
    Decoder decoder(*part.w, rounding, level);
    Buffer<float> tile(kTileRows * kTileCols), sums(kTileRows * round_up(g.tokens, kLane));
    const int64_t last = std::min(w.rows, end * kLane);
    for (int64_t row = begin * kLane; row < last; row += kTileRows) {
      const int64_t rows = std::min(kTileRows, last - row);
      for (int64_t col = 0; col < w.cols; col += kTileCols) {
        const int64_t cols = std::min(kTileCols, w.cols - col);
        if (g.halves)
          decoder.halves(row, rows, col, cols, reinterpret_cast<uint16_t*>(tile.data));
        else
          decoder.floats(row, rows, col, cols, tile.data);
        for (int64_t p = 0; p < shape.count(); p++) {
          const int64_t width = shape.width(p);
          float* c = sums.data + p * kPanel * rows;
          if (g.halves)
            brgemm(rows, width, cols, cols, width, width, col > 0, reinterpret_cast<const at::BFloat16*>(tile.data),
                   reinterpret_cast<const at::BFloat16*>(g.halves->panel(p) + col * width), c);
          else
            brgemm(rows, width, cols, cols, width, width, col > 0, tile.data, g.floats->panel(p) + col * width, c);
        }
      }
      for (int64_t p = 0; p < shape.count(); p++) {
        const int64_t width = shape.width(p), tokens = std::min(kPanel, g.tokens - p * kPanel);
        float* c = sums.data + p * kPanel * rows;
        if (rank) brgemm(rows, width, rank, rank, width, width, true, b + row * rank, low.panel(p), c);
        write_transposed(c, rows, width, tokens, bias ? bias + row : nullptr, y + (g.first + p * kPanel) * w.rows + row,
                         w.rows, tile.data);
      }
    }
    at::native::cpublas::brgemm_release(g.halves != nullptr);
  });
}

}  // namespace

std::vector<at::Tensor> nf4_gemm_forward(const at::Tensor& x, const std::vector<NF4Forward>& parts,
                                         c10::ScalarType compute) {
  const Level level = kernel_level();
  const int64_t tokens = x.size(0), inner = x.size(1);
  bool bfloat16 = multiplies_bfloat16(compute, level);
  for (const NF4Forward& p : parts) bfloat16 = bfloat16 && RawNF4(*p.w).units();
  const at::Tensor in = factors(x, compute, bfloat16);
  const auto type = x.scalar_type() == at::kBFloat16 ? at::kBFloat16 : at::kFloat;
  std::vector<at::Tensor> outs;
  for (const NF4Forward& p : parts) outs.push_back(at::empty({tokens, p.w->rows}, x.options().dtype(type)));
  for (int64_t first = 0; first < tokens; first += kGroup) {
    const int64_t n = std::min(kGroup, tokens - first);
    Panels<float> floats(bfloat16 ? 0 : n, inner);
    Panels<uint16_t> halves(bfloat16 ? n : 0, inner);
    if (bfloat16)
      pack_pairs(halves, reinterpret_cast<const uint16_t*>(in.data_ptr()) + first * inner);
    else
      pack_floats(floats, in.data_ptr<float>() + first * inner, inner);
    const Group group{first, n, &floats, bfloat16 ? &halves : nullptr};
    for (size_t i = 0; i < parts.size(); i++) {
      if (type == at::kFloat)
        forward_group(group, parts[i], rounding_of(compute), level, outs[i].data_ptr<float>());
      else
        forward_group(group, parts[i], rounding_of(compute), level, outs[i].data_ptr<at::BFloat16>());
    }
  }
  for (at::Tensor& y : outs) y = y.to(x.scalar_type());
  return outs;
}

at::Tensor nf4_gemm_backward(const std::vector<NF4Backward>& parts, c10::ScalarType compute, c10::ScalarType type) {
  const Level level = kernel_level();
  const int64_t tokens = parts[0].dy.size(0), cols = parts[0].w->cols;
  bool bfloat16 = multiplies_bfloat16(compute, level);
  for (const NF4Backward& p : parts) bfloat16 = bfloat16 && RawNF4(*p.w).units() && p.w->rows % 2 == 0;
  std::vector<at::Tensor> dys;
  for (const NF4Backward& p : parts) dys.push_back(factors(p.dy, compute, bfloat16));
  at::Tensor dx = at::empty({tokens, cols}, parts[0].dy.options().dtype(at::kFloat));
  float* out = dx.data_ptr<float>();
  const Rounding rounding = rounding_of(compute);
  parallel((cols + kUnit - 1) / kUnit, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> tile(kTileRows * kTileCols);
    const int64_t last = std::min(cols, end * kUnit);
    for (int64_t first = 0; first < tokens; first += kGroup) {
      const int64_t group_end = std::min(tokens, first + kGroup);
      for (int64_t col = begin * kUnit; col < last; col += kTileCols) {
        const int64_t width = std::min(kTileCols, last - col);
        bool add = false;
        for (size_t i = 0; i < parts.size(); i++) {
          const NF4Backward& part = parts[i];
          Decoder decoder(*part.w, rounding, level);
          const int64_t outs = part.w->rows, rank = part.g.defined() ? part.g.size(1) : 0;
          for (int64_t row = 0; row < outs; row += kTileRows) {
            const int64_t rows = std::min(kTileRows, outs - row);
            if (bfloat16)
              decoder.pairs(row, rows, col, width, reinterpret_cast<uint16_t*>(tile.data));
            else
              decoder.floats(row, rows, col, width, tile.data);
            for (int64_t t = first, n; t < group_end; t += n) {
              n = panel_rows(group_end - t);
              float* c = out + t * cols + col;
              if (bfloat16)
                brgemm(n, width, rows, outs, width, cols, add, dys[i].data_ptr<at::BFloat16>() + t * outs + row,
                       reinterpret_cast<const at::BFloat16*>(tile.data), c);
              else
                brgemm(n, width, rows, outs, width, cols, add, dys[i].data_ptr<float>() + t * outs + row, tile.data, c);
            }
            add = true;
          }
          for (int64_t t = first, n; rank && t < group_end; t += n) {
            n = panel_rows(group_end - t);
            brgemm(n, width, rank, rank, cols, cols, true, part.g.data_ptr<float>() + t * rank,
                   part.a.data_ptr<float>() + col, out + t * cols + col);
          }
        }
      }
    }
    at::native::cpublas::brgemm_release(bfloat16);
  });
  return dx.to(type);
}

}  // namespace ajolote
