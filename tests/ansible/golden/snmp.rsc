:if ([:len [/snmp community find name="nadi"]] = 0) do={/snmp community add name="nadi" read-access=no}
/snmp community set [/snmp community find name="nadi"] security=private authentication-protocol=SHA1 authentication-password="********" encryption-protocol=AES encryption-password="********" addresses=10.20.0.2/32 read-access=yes write-access=no
/snmp community set [/snmp community find name="public"] read-access=no write-access=no
/snmp set enabled=yes contact="" location="opd-disdik"
/snmp set trap-version=3 trap-community="nadi" trap-target=10.20.0.2 trap-generators=interfaces,start-trap trap-interfaces=all
