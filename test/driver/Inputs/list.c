/* Lists the entry points of a model's shared library. */
#include "libtiny.h"
#include <stdio.h>
#include <string.h>

int main(void) {
  for (const HashModelEntry *entry = hash_model_entries; entry->name; ++entry)
    puts(entry->name);
  return strstr(hash_model_descriptor, "\"name\":\"tiny\"") == NULL;
}
