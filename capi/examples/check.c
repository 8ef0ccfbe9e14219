#include <ipgate.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *list = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ";
    const char *client = argc > 1 ? argv[1] : "10.0.1.7";
    ipgate_gate *gate = NULL;
    ipgate_reader *reader = NULL;
    ipgate_error *error = NULL;
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;

    ipgate_gate_new(NULL, &gate, &error);
    ipgate_gate_replace_text(gate, list, strlen(list), NULL, error ? NULL : &error);
    ipgate_reader_new(gate, &reader);
    if (error) /* whatever it is, every check denies */
        fprintf(stderr, "%s\n", ipgate_error_message(error));
    ipgate_check_text(reader, client, strlen(client), &verdict);
    printf("%s %.*s\n", verdict.decision ? "allow" : "deny", (int)verdict.label_len, verdict.label);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
    ipgate_error_free(error);
    return verdict.decision == IPGATE_ALLOW ? 0 : 1;
}
