// Products of some tokens with NF4 matrices on CPUs with AVX-512: too many for the codes to be turned into levels in registers for
// each of them, too few to pay for tiles. See nf4_lanes.cc.
#pragma once

#include "../nf4_project.h"

namespace ajolote {

// nf4_lanes_fits says whether the kernels can multiply these, and are the fastest.
bool nf4_lanes_fits(const at::Tensor& x, const std::vector<NF4Forward>& parts, c10::ScalarType compute);

std::vector<at::Tensor> nf4_lanes(const at::Tensor& x, const std::vector<NF4Forward>& parts, c10::ScalarType compute);

}  // namespace ajolote
