:if ([:len [/snmp community find name="nadi"]] = 0) do={/snmp community add name="nadi" read-access=no}
/snmp community set [/snmp community find name="nadi"] security=private authentication-protocol=SHA1 authentication-password="********" encryption-protocol=AES encryption-password="********" addresses=10.20.0.2/32 read-access=yes write-access=no
/snmp community set [/snmp community find name="public"] read-access=no write-access=no
/snmp set enabled=yes contact="NOC Contoh" location="opd-disdik"
/snmp set trap-version=3 trap-community="nadi" trap-target=10.20.0.2 trap-generators=interfaces,start-trap trap-interfaces=all
:if ([:len [/user group find name="nadi-baca"]] = 0) do={/user group add name="nadi-baca"}
/user group set [/user group find name="nadi-baca"] policy=read,rest-api
:if ([:len [/user find name="nadi-baca"]] = 0) do={/user add name="nadi-baca" group="nadi-baca" password="********" address=10.20.0.2/32}
/user set [/user find name="nadi-baca"] group="nadi-baca" password="********" address=10.20.0.2/32
/ip service set www-ssl certificate="nadi" tls-version=only-1.2 address=10.20.0.2/32 disabled=no
