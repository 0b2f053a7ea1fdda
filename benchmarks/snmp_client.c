/* Walks 24 interfaces again and again with net-snmp's library: HOST:PORT SECONDS [USER AUTH PRIV]. */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
static double cpu(void) { struct rusage u; getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6; }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static oid roots[11][11] = {{1,3,6,1,2,1,2,2,1,2},{1,3,6,1,2,1,2,2,1,5},{1,3,6,1,2,1,2,2,1,7},{1,3,6,1,2,1,2,2,1,8},
  {1,3,6,1,2,1,2,2,1,13},{1,3,6,1,2,1,2,2,1,14},{1,3,6,1,2,1,31,1,1,1,1},{1,3,6,1,2,1,31,1,1,1,6},
  {1,3,6,1,2,1,31,1,1,1,10},{1,3,6,1,2,1,31,1,1,1,15},{1,3,6,1,2,1,31,1,1,1,18}};
static oid uptime[] = {1,3,6,1,2,1,1,3};
static int walk(netsnmp_session *ss) {
  oid at[11][MAX_OID_LEN]; size_t len[11]; int cells = 0, going = 1, i;
  for (i = 0; i < 11; i++) { len[i] = i < 6 ? 10 : 11; memcpy(at[i], roots[i], len[i] * sizeof(oid)); }
  while (going) {
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK), *reply = NULL; netsnmp_variable_list *v;
    pdu->non_repeaters = 1; pdu->max_repetitions = 9;
    snmp_add_null_var(pdu, uptime, 8);
    for (i = 0; i < 11; i++) snmp_add_null_var(pdu, at[i], len[i]);
    if (snmp_synch_response(ss, pdu, &reply) != STAT_SUCCESS || reply->errstat) return -1;
    v = reply->variables->next_variable; going = 0;
    for (i = 0; v; v = v->next_variable, i = (i + 1) % 11) {
      size_t root = i < 6 ? 10 : 11; if (i == 0) going = 0;
      if (v->type == SNMP_ENDOFMIBVIEW || v->name_length <= root || memcmp(v->name, roots[i], root * sizeof(oid))) continue;
      cells++; going++; len[i] = v->name_length; memcpy(at[i], v->name, len[i] * sizeof(oid));
    }
    snmp_free_pdu(reply);
  }
  return cells;
}
int main(int argc, char **argv) {
  netsnmp_session s, *ss; double until, start; long walks = 0;
  setenv("MIBS", "", 1); init_snmp("bench"); snmp_sess_init(&s); s.peername = argv[1];
  if (argc > 3) { s.version = SNMP_VERSION_3; s.securityName = argv[3]; s.securityNameLen = strlen(argv[3]);
    s.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
    s.securityAuthProto = usmHMACSHA1AuthProtocol; s.securityAuthProtoLen = USM_AUTH_PROTO_SHA_LEN;
    s.securityAuthKeyLen = USM_AUTH_KU_LEN;
    generate_Ku(s.securityAuthProto, s.securityAuthProtoLen, (u_char *)argv[4], strlen(argv[4]), s.securityAuthKey, &s.securityAuthKeyLen);
    s.securityPrivProto = usmAESPrivProtocol; s.securityPrivProtoLen = USM_PRIV_PROTO_AES_LEN;
    s.securityPrivKeyLen = USM_PRIV_KU_LEN;
    generate_Ku(s.securityAuthProto, s.securityAuthProtoLen, (u_char *)argv[5], strlen(argv[5]), s.securityPrivKey, &s.securityPrivKeyLen);
  } else { s.version = SNMP_VERSION_2c; s.community = (u_char *)"public"; s.community_len = 6; }
  if (!(ss = snmp_open(&s)) || walk(ss) != 264) return 1;
  start = cpu(); until = now() + atof(argv[2]);
  while (now() < until) { if (walk(ss) != 264) return 2; walks++; }
  printf("%ld %f\n", walks, cpu() - start); return 0;
}
