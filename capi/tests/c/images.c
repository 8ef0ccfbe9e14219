/* Compiled images: loaded from memory and from a file, and refused where they are damaged. */
#include "test.h"

#include <unistd.h>

int main(void)
{
    const char *path = getenv("IPGATE_IMAGE");
    static uint8_t image[1 << 16];
    size_t len;
    FILE *file;
    ipgate_gate *gate = NULL;
    ipgate_reader *reader;
    ipgate_error *error = NULL;
    ipgate_stats stats = IPGATE_STATS_INIT;
    ipgate_options options = IPGATE_OPTIONS_INIT;
    ipgate_list *list = NULL;

    CHECK(path != NULL);
    file = fopen(path, "rb");
    CHECK(file != NULL);
    len = fread(image, 1, sizeof image, file);
    CHECK(len > 0 && len < sizeof image && fclose(file) == 0);

    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK_OK(ipgate_gate_replace_image(gate, image, len, NULL));
    reader = reader_of(gate);
    CHECK(allows(reader, "10.0.1.7") && !allows(reader, "10.0.2.7"));
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(stats.entries == 1 && stats.generation == 2);
    CHECK_OK(ipgate_gate_replace_text(gate, "192.0.2.7", 9, NULL, NULL));

    /* Any byte that is changed, and any that is missing, is noticed, and changes nothing. */
    for (size_t i = 0; i < len; i += (size_t)rounds(1, 37)) {
        image[i] ^= 1;
        CHECK(ipgate_gate_replace_image(gate, image, len, NULL) != IPGATE_OK);
        image[i] ^= 1;
        CHECK(ipgate_gate_replace_image(gate, image, i, NULL) == IPGATE_ERROR_IMAGE);
    }
    CHECK(allows(reader, "192.0.2.7") && ipgate_gate_generation(gate) == 3);
    CHECK(ipgate_gate_replace_image(gate, image, len / 2, &error) == IPGATE_ERROR_IMAGE);
    CHECK(strstr(ipgate_error_message(error), "image") != NULL);
    ipgate_error_free(error);
    error = NULL;

    CHECK_OK(ipgate_gate_replace_file(gate, path, NULL, NULL));
    CHECK(allows(reader, "10.0.1.7") && ipgate_gate_poll(gate, 0, NULL) == IPGATE_POLL_UNCHANGED);
    file = fopen("damaged.image", "wb");
    CHECK(file != NULL && fwrite(image, 1, len - 1, file) == len - 1 && fclose(file) == 0);
    CHECK(ipgate_gate_replace_file(gate, "damaged.image", NULL, &error) == IPGATE_ERROR_IMAGE);
    CHECK(strstr(ipgate_error_message(error), "damaged.image") != NULL && allows(reader, "10.0.1.7"));
    ipgate_error_free(error);
    error = NULL;

    /* An image has a limit of its own, and a file beyond it is not read. */
    options.max_bytes = 1;
    CHECK_OK(ipgate_gate_replace_file(gate, path, &options, NULL));
    options.max_image_bytes = len;
    CHECK_OK(ipgate_gate_replace_file(gate, path, &options, NULL));
    options.max_image_bytes = len - 1;
    CHECK(ipgate_gate_replace_file(gate, path, &options, &error) == IPGATE_ERROR_IO);
    CHECK(strstr(ipgate_error_message(error), "limit is 1 for a list's text") != NULL);
    CHECK(strstr(ipgate_error_message(error), "damaged") == NULL && allows(reader, "10.0.1.7"));
    ipgate_error_free(error);
    CHECK(ipgate_list_read(path, NULL, &list, NULL) == IPGATE_ERROR_LIST && list == NULL);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
    CHECK(unlink("damaged.image") == 0);
    puts("ok");
    return 0;
}
