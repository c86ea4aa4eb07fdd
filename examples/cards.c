/*
 * Lists the Cloud AI cards of this host and what each says of itself.
 *
 *   cc cards.c $(pkg-config --cflags --libs qaic) -o cards
 */
#include <qaic/qaic.h>
#include <stdio.h>

static int fail(const qaic_error* error) {
  fprintf(stderr, "cards: %s\n", error->what);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return (int)error->kind;
}

/* Opens the node of one card and asks it. */
static int show_status(const char* node) {
  qaic_error error;
  qaic_device* device = NULL;
  if (qaic_device_open(node, &device, &error) != 0) return fail(&error);

  qaic_status status = {.size = sizeof status};
  const int failed = qaic_device_status(device, &status, &error);
  qaic_device_close(device);
  if (failed) return fail(&error);

  printf("  %s, firmware %u.%u.%u, board %s\n", qaic_sku_name(status.sku_type), status.fw_major,
         status.fw_minor, status.fw_patch, status.board_serial);
  printf("  %u of %u NSPs free, %u of %u MB free, %u networks active\n", status.nsp_free, status.nsp_total,
         status.dram_free_mb, status.dram_total_mb, status.networks_active);
  return 0;
}

int main(void) {
  qaic_error error;
  qaic_inventory* inventory = NULL;
  if (qaic_inventory_read(&inventory, &error) != 0) return fail(&error);

  int result = 0;
  const size_t count = qaic_inventory_count(inventory);
  for (size_t i = 0; i < count; ++i) {
    qaic_card_info card = {.size = sizeof card};
    if (qaic_inventory_card(inventory, i, &card, &error) != 0) {
      result = fail(&error);
      break;
    }
    if (!card.visible) continue;
    printf("QID %u at %s, %s\n", card.qid, card.pci_address, card.node[0] ? card.node : "no device node");
    if (card.present & QAIC_CARD_LINK_CURRENT) {
      printf("  link: %u MT/s x%u\n", card.link_current_mtps, card.link_current_width);
    }
    if (card.node[0]) {
      const int shown = show_status(card.node);
      if (shown != 0) result = shown;
    }
  }
  if (count == 0) {
    fprintf(stderr, "cards: no Cloud AI card in this host\n");
    result = QAIC_ERROR_NO_CARD;
  }
  qaic_inventory_free(inventory);
  return result;
}
