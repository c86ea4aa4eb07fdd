#include "sim/cli/card_settings.hpp"

#include <doctest/doctest.h>

using namespace qaic::sim;

TEST_CASE("the QSM version is a setting of every card, whatever carries it") {
  auto config = device::stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0);
  REQUIRE(cli::apply_setting(config, "qsm_version=QSM.AIC.1.2.3"));
  CHECK(config.qsm_version == "QSM.AIC.1.2.3");
  CHECK_FALSE(cli::apply_setting(config, "qsm_version="));
}
