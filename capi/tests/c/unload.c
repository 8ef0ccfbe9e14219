/* Loaded and unloaded a hundred times: nothing runs afterwards, and nothing piles up. */
#include "test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

/* The functions that are used, by their types in the header. */
#define LOAD(name) __extension__(__typeof__(&name)) dlsym(library, #name)

static int entries_in(const char *directory)
{
    int count = 0;
    DIR *dir = opendir(directory);
    CHECK(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static int mappings(void)
{
    int count = 0, character;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while ((character = getc(maps)) != EOF)
        count += character == '\n';
    fclose(maps);
    return count;
}

static void use(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ipgate_gate *gate = NULL;
    ipgate_reader *reader = NULL;
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    ipgate_error *error = NULL;

    if (library == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    CHECK((LOAD(ipgate_abi_version))() == IPGATE_ABI_VERSION);
    CHECK_OK((LOAD(ipgate_gate_new))(NULL, &gate, NULL));
    CHECK_OK((LOAD(ipgate_gate_replace_file))(gate, "unload.list", NULL, &error));
    CHECK_OK((LOAD(ipgate_reader_new))(gate, &reader));
    CHECK((LOAD(ipgate_check_text))(reader, "10.0.1.7", 8, &verdict) == IPGATE_ALLOW);
    CHECK((LOAD(ipgate_gate_poll))(gate, IPGATE_POLL_THREAD, &error) != IPGATE_POLL_FAILED);
    CHECK((LOAD(ipgate_gate_replace_text))(gate, "x", 1, NULL, &error) == IPGATE_ERROR_LIST);
    (LOAD(ipgate_error_free))(error);
    (LOAD(ipgate_reader_free))(reader);
    (LOAD(ipgate_gate_free))(gate);
    CHECK(dlclose(library) == 0);
}

int main(void)
{
    const char *path = getenv("IPGATE_LIBRARY");
    int mapped = 0;
    CHECK(path != NULL);
    write_file("unload.list", "10.0.1.0/24:office_ABC\n");
    for (int i = 0; i < rounds(100, 10); i++) {
        use(path);
        CHECK(entries_in("/proc/self/task") == 3); /* this thread, ".", ".." */
        if (i == 4)
            mapped = mappings();
    }
    CHECK(mappings() <= mapped + 2);
    CHECK(unlink("unload.list") == 0);
    puts("ok");
    return 0;
}
