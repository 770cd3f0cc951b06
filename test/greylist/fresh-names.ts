/**
 * Names that were gathered after everything in met-names.ts had been learned from: none of their domains occurs there, in
 * provider-names.ts or in client-names.ts. All were gathered and labelled on 2026-11-25 before anybody asked the table about one
 * of them, and parted by lot, whole domains together, into a first and a second set: the table was mended by what the first
 * showed, and by nothing of the second. docs/selective.md says what it told of each at first contact.
 *
 * Left out: names in the domains of dynamic DNS services, fixed lines, clouds' and hosters' generic names, and hosts of which
 * only the HELO is known. Numbers in lines, and customers' names, are made up; the form is as it was.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Mail exchangers, as the STARTTLS Everywhere policy list (Electronic Frontier Foundation, 2018 to 2020) and look-ups in public texts give them. */
export const FIRST_EXCHANGERS = words(`
cloud.eltrich.name axon.gand.de deepztream.com mail.deepztream.com ybti.net mail.eruditium.org smtpmx2.expertisale.com
pace.urown.net norris.urown.net mail.friendlyfire.ca mailtomailserver08.de gwalarn.eu saintlu.gwalarn.eu mail.itzer.de
mail.codethink.de secure-mx.knthost.com inbound01.knthost.com secure-inbound02.knthost.com latinist.net
mx1.navercorp.com livoris.net locker.email adrastea.luup.info mail.macaw.me mail.fysh.org mail.office.modum.by
mx.mpcompany.ru mail.mycloudmail.ooo mail.neffets.de mx2.node-nine.com pharmbiotest.com.ua srv02.shivering-isles.com
mx.spodhuis.org one.teichsurfer.de mail.tspu.edu.ru mail.anongoth.pl mx.wouterslop.nl mail.bjrn.io vm1.bolshaw.me.uk
vm2.bolshaw.me.uk woq.cert.br mail.chamberlain.net.au mail3.chamberlain.net.au zimbra.clearbus.fr mail.conchaudron.net
mx.corecha.in mail.mobydog.net kanna.desu.ne.jp mx.desu.ne.jp mx1.dismail.de delores.druwe.net mail.fbreest.de
mail.fireserve.net mail.getappetite.tv mailgw.gkd-el.de filter.gkd-el.de mx.guyromm.com mail.harrysmallbones.co.uk
mail.hesketh.net.au mail.incenp.org mail.iq.pl box.jtg.business mail.klausen.dk mail.levinus.de mail.lifechurch.at
dungeon.maclemon.at prometheus.maclemon.at mail.michaelpjohnson.com mail.mnium.de mail.nic.br enqueuer.nic.br
mail.randolf.at mx1.s-hertogenbosch.nl mail.sit-servers.net mail.sbs.co.nz smtp.sdeziel.info smtp.sertelon.fr
mail.sven.de smtp.tala.dk tala.dk tgoss.de cloud.tynan.com mail.volitans-software.com aga.vosky.fr scw.vosky.fr
wakesecure.com mx.webgma.co.il mx1.xel.nl mx3.xel.nl mail-in.bpce-it.fr mail.curttech.net arch-server.dhautefeuille.eu
arrakeen.geekwu.org corrin.geekwu.org gen1.edam-volendam.nl stratus.hewgill.net mx1.it4sure.cloud srv01.knop.info
ariake.ledovskis.lv nyc.netgalaxy.ca mail.hypnotized.org pa5am.nl mail.sanker.by node487.myfcloud.com
mail.taintedbit.com mail.vixrapedia.org w4eg.de mail.xylon.de mail.mailcompucation.de mailx1.iitm.ac.in mail.michot.fr
nospam.spamfree.fr nospam1.spamfree.fr mail.megacorpone.com mail2.megacorpone.com mx-in1001.wikimedia.org
mx-in2001.wikimedia.org mx1.forwardemail.net eforward5.registrar-servers.com mx2.spamfiltering.com mx.hsrail.ru
mail2.cabelas.com route1.mx.cloudflare.net mx1.hostinger.com
`)

/** Clients that brought mail to a list’s or a provider’s exchanger: `Received` headers in archives of kernel, desktop and MIPS lists, in the tests of SpamAssassin, and mail logs. */
export const FIRST_SENDERS = words(`
lists.gentoo.org umr-mail7.umr.edu sc8-sf-list1-b.sourceforge.net mail2.detr.gsi.gov.uk smtp3.es.uci.edu
rigel.oac.uci.edu europa21.inetsiteworld.net loki.komtel.net rubel.csumb.edu gilmore.ael.be dedic5.cmspanel.ru
sibmail.com rc3.isc.org smtp.mail.umich.edu lugh.tuatha.org mclean.mail.mindspring.net listman.spamassassin.taint.org
camomile.cloud9.net outbound-smtp.skiff.com mail01.pyzuka.nl mkt1.submarino.com.br animaniacs.conectiva.com.br
mx.sberdevices.ru mx1.sberdevices.ru mail.pr-group.ru mail.ispras.ru za-smtp-delivery-134.mimecast.co.za
alerce.blitiri.com.ar nandakumar.co.in mx2.nandakumar.co.in webmail.amiindia.co.in mail.juropnet.hu fw2.prolan.hu
mail.kapsi.fi smtp.infotech.no smtp.domeneshop.no smtp1.tecnico.ulisboa.pt muck.dcs.ed.ac.uk smtp3.ccs.ornl.gov
mm04snlnto.sandia.gov nalicastle.subdimension.ro skycaves.subdimension.ro clean105.mxserver.ro lounge.grep.be
ms2.novatek.com.tw vps0.lunn.ch smtp-42ab.mail.infomaniak.ch picard.linux.it piraat.sonytel.be srv1.dorfdsl.de
luna.linkmauve.fr leonov.paulk.fr mail-veri.imag.fr clopinette.imag.fr mail.rit.se mail.actia.se mailout.gigahost.dk
ask.diku.dk smtpo49.interia.pl relay.strateg.ua mxs2.meta.ua mx.nulau.edu.ua mail.loongson.cn mailgw.kylinos.cn
smtp21.cstnet.cn wiki.tkos.co.il guitar.tcltek.co.il athena.nuclecu.unam.mx inti.inf.utfsm.cl pincoya.inf.utfsm.cl
ded1.1wt.eu mout.perfora.net ip-206.mailobj.net cloud.peff.net befuddled.reisers.ca gate2.alliedtelesis.co.nz
cat-hlzsim-prod-mail1.catalyst.net.nz pemlinmail06.blacknight.ie na3sys010amx150.postini.com s1.sapience.com
ex01.ufhost.com smtp.hosts.co.uk bhuna.collabora.co.uk madras.collabora.co.uk mail.pdinc.us heh.ee
mail-relay2.elkdata.ee mail.aegrel.ee vidala.pars.ee mx2.investici.org gateway-1237.mvista.com
iris1.csv.ica.uni-stuttgart.de host099.momenco.com oval.algor.co.uk ciao.gmane.io alpha.anastas.io nick.sneptech.io
server.wki.vra.mybluehostin.me domac.alu.hr atlas.infra.carnet.hr new-shark9.inbox.lv shark3.inbox.lv
shinken.interq.or.jp zeniv.linux.org.uk mx1.tq-group.com out-170.mta0.migadu.com out-188.mta1.migadu.com
inva020.nxp.com mail19.linbit.com azure-sdnproxy.icoremail.net lists.librecores.org mail.8bytes.org www.zeus03.de
metis.whiteo.stw.pengutronix.de mailout4.samsung.com proxima.lasnet.de mail.3xo.fr scc-mailout-kit-02.scc.kit.edu
exchange.cse.ust.hk sggdcse1ns07.sony.com.sg smtp-out28.alice.it neon-v2.ccupm.upm.es palmdale.lirum.at
shin.jaist.ac.jp
`)

/** Servers as they call themselves in the `Received` headers that they add, of the same mails. */
export const FIRST_RELAYS = words(`
s980.loopia.se 002.mia.mailroute.net 009.lax.mailroute.net bali.collaboradmins.com mail01.mxhotel.dk
vxsys-smtpclusterma-05.srv.cat smtp-a.tal.de mail.thelounge.net mx.iao.ru air.basealt.ru smtpout.efficios.com
smtp.webfaction.com mail.ugh.no mail2.vates.fr mail.netfilter.org mail.ssccbelen.edu.pe mail.cs.helsinki.fi
sunny.urz.uni-magdeburg.de mail.legosoft.com.mx moonflower.de mail2.getcoactive.com mailrelay2.thestar.ca
mail.wgbh.org bm1-13.ed10.com mta2.iomartmail.com relay2.tomsk.ru smtp-gw138.mailanyone.net n082.sc1.cp.net
herald.cc.purdue.edu mail.puryear-it.com newman.nebrwesleyan.edu email2.codeworksonline.com broadcast.iac.iafrica.com
mx1-out.lists.smarterliving.com puzzle.pobox.com a50.ironport.com mail.pqgruber.com lithops.sigma-star.at
first.geanix.com eyvind.bernhardsens.net cnnimail12.cnn.com mailhost.acs.internap.com amgod.boxhost.net
relay4.kvadro.net radex-web.radex.nl vervifontaine.sonycom.com mailrelay.tugraz.at mailsrv2.zib.de silicon.i-cable.com
iodev.co.uk support.bugseng.com pokefinder.org mail.holtmann.org linux.microsoft.com
`)

/** Clients that submitted mail with a login from an access provider’s network (the same headers), or that a mail server refused because Spamhaus listed them as end users’ (its administrator’s report of a day, 2006). */
export const FIRST_LINES = words(`
61-76-85-205.kotnet.org 226-169-73-1.mhnet.com.br catvpool-559476d6.szarvasnet.hu host-33-171-123-161.lynet.no
host-35-170-198-76.dyn.295.ca 210-167-105-226.dyn.eolo.it 111-64-147-221.west.xps.vectant.ne.jp
ne8608lan1.rev.em-net.ne.jp cust-122-163-110-20.breedbanddelft.nl 77-226-178-111.ljusnet.se
x3854a2de.customers.hiper-net.dk 59.100.133.136.dynamic.dhcp.aura-net.dk ruprechtl30.netpark.at
customer-225-207-243-72.uninet.net.mx 73-192-204-202.qc.cable.ebox.net 81-190-67-235.dynamic.orange.sk
p23.137.243.168.tisdip.tiscali.de docsis-20-226-52-91.tomtelnet.ru bbcs-125-168.cust.wingo.ch
mue-25-205-81-089.dsl.tropolys.de m602590863304.v4.enabler.ne.jp 004498994183.atnat0095.highway.webapn.at
179-172-102-008.wln.net.br 243-46-50-109.dsl.prima.net.ar 68-80-222-89.cm.ubbn.net 36-252-71-216.cable.quicknet.nl
68-108-55-72.adsl.net.t-com.hr adsl-193-35-151-37.capfed2.uolsinectis.com.ar moves.dsl.interdart.net
net139-091.mclink.it ntchba113753.chba.nt.ftth.ppp.infoweb.ne.jp tky19-p143.flets.hi-ho.ne.jp user29.lom.cz
wll-23-pppoe010.t-net.net.ve ip19-208-250-49.z185-227-10.customer.algx.net i-157-186-119-110.freedom2surf.net
host-17-4-243-178.bulldogdsl.com ipa9.8.tellas.gr r-147-217-155-179.commufa.jp usr066.pial151-01.wpf.im.wakwak.ne.jp
fnafa-04p9-99.ppp61.odn.ad.jp sddfi-09p7-161.ppp19.odn.ad.jp 117.151.121.30.broad.wz.zj.dynamic.cndata.com
dhcp0455.nic.resnet.group.upenn.edu
`)

/** As providers name their customers’ lines by fqrdns.pcre (Stan Hoeppner, kept by Steve Jenkins): one name of each form, a few of its pages, those that it calls dynamic or generic. */
export const FIRST_LISTED_LINES = words(`
clip-pb4098636.cable.net.co 11-133-78-33.8486318254.ddns.cablebg.net sixyh161.cable.dyn.cableonline.com.mx
dynamic-28-134-164-156.dsl.cavtel.net doc-174-207-179-85.mfybsk.ca.cebridge.net xzfi678.dyn.centurytel.net
9.102.141.214.dynamic.dsl.comindico.com.au 165-45-254-166.dial.dyn.comporium.net dhcp149-120.cable.conwaycorp.net
27-185-39-89.xd-dynamic.ctbcnetsuper.com.br port3155-lte-dynamic-adsl.cwjamaica.com ufmrs40.dyn.adsl.cyfra.net
38-144.dynamic.dedicado.com.uy dial-225-194-177-137.zone-4.dial.net.mx 212.191.4.240.dsl.dynamic.t-mobile.pl
106-145-227-134.user.dynamic.dipelnet.com.br 124.230.232.204.wireless.dyn.drei.com dyn-105-19.e-sky.ru
216-10-169-39.dynamic.eastex.net ip-2-67-149-158.dynamic.eatel.net 226.152.194.90.dynamic.rev.eftel.com
dinamic_adsl_196-76-160.emcali.net.co 48-169-210-211.dyn.everestkc.net dynadsl-177-179-012-013.ewetel.net
35.165.37.183.adsl.dyn.fmctc.com adsl-dynamic-pool-xxx.hcm.fpt.vn 121-238-216-122.ubr3.dyn.efkgclet-oh.fuse.net
41-67-190-166.cable.dynamic.giga.net.tw wkkz591.dyn.gotadsl.co.uk 120.145.6.210.dyn-cm-pool28.pool.hargray.net
16-236-238-245.dynamic.i-san.net 179.163.133.54.dynamic.snap.net.nz 188-93-176-6.dynamic-ali.adsl-line.inode.at
dial-up-176-156-101-106.intelignet.com.br cablelink212-157.telefonia.intercable.net
228-235-191-81.dhcp-ripwave.irishbroadband.ie pool-37-225-183-174.is74.ru
231-135-174-199-utx-dpb-9.dynamic.isadsl.co.za 163.50.199.212.dyn.broadband.iskratelecom.ru
adsl-3-82-194-124.dynamic.issr.ru 151-30-13-223.dynamic.kbronet.com.tw dynamic-170-85-37-91.pppoe.khakasnet.ru
dyn-95-39.dynadsl.kis.ru adsl-dyn-158-213.kosnet.ru dialup-49.182.77.204.dial8.zwahikhl.level3.net
dynpool-92-221-50-3.adsl.magnet.ch 136.70.241.53.dsl.dyn.mana.pf din-87-124-164-239.manquehue.net
dialip-210-127-70-151-gdl.marcanet.net.mx mm-249-207-49-145.dynamic.pptp.mgts.by 182-96-142-19.dyn.movilnet.com.ve
54-15-199-145.dynamic.movinet.com.uy 1.61.88.59.dhcp.mstarmetro.net pppoe2399.mv.ru dyn-247-234-107.myactv.net
30.35.160.136.wireless.dyn.mql.ncable.com.au 101.172.251.32.dynamic.neoviatelecom.com.br dynamic.dsl.nesma.net.sa
adsl-12-147-240-159.dynamic.nextra.sk 50-209-6-58.dynamic.ngi.it d728.dhcp214-224-254.noos.fr
216.120.211.2.dial.online.kz 236-137-127-238.dynamic.peoplenet.ua 107-129-116-29.dynamic.primacom.net
110.247.113.6.prtc.dynamic.prtcnet.org aher178.dyn.rp80.se dialup-171-210-134-204.san.ru
dynamic-152-206-22-167.kirov.comstar-r.ru g1-10-104-91.broadband.bashtel.ru 86-47-187-89.wlan.lpnet.com.br
host225.87.73.87.conversent.net adsl-13-49-82-156.monradsl.monornet.hu as42959-148-38-56-136.mol.net.ua
13-212-57-38.spectrumnet.bg cust-auxooh.adsl.scarlet.nl 226-166-23-82.reverse.9tel.net
ip-158-184-186-56.net.abissnet.al dsl-234-192-47-48.acanac.net 225.250.152.122.accesskenya.com
136-167-153-196.accessus.net host-176-151-94-118.acelerate.net 141-240-24-131.ip.adam.com.au
rtp.44.243.213.100.aeneaslocal.net 238.242.221.243.afcity.net 207.159.219.77.ip.airbites.pl
165-96-94-150.red-acceso.airtel.net 90.48.227.60.airvision.at host-1-164-231-170.block.alestra.net.mx
99.14.207.198.alfanumeric.com.ni 123.254.231.111.in-addr.arpa.alfatelecom.ru host-33-31-168-192.allegiance.tv
host.124.151.126.87.users.almus.net auh-b13765.alshamil.net.ae dsl-216-72-59-118.americainter.net
ip-37-82-254-106.cablemodem.amnethn.com m212-183-52-8.andorpac.ad host-24-254-229-34.apid.com
112.186.108.83.araxinfo.com host-158-46-163-178.customer.arminco.com 190.14.artcoms.ru 36.51.94.149.artnet.su
dpc6210975.direcpc.com 102.10.119.115.client660.directonpc.com 236-159-251-132.rev.dls.net
host-233-174-19-171.dnlab.ru h247-213-203-96.rev.domonet.ru 190.139.153.179.donpac.ru
100-3-121-3.adsl-pool.dravanet.hu ppp-67-113-96-127.dsidata.sk netblock-100-58-185-238.dslextreme.com
host-158-44-106-169.dslgb.com mbl-160-106-123.dsl.net.pk host-121-189-69-189.dtccom.net net28-49.e-kirov.ru
net236.29.47-48.e-oren.ru ip-243.69.44.241.e-plan.pl 137.247.53.66.e-tagil.ru
198.173.154.174.ids.service.eastern-tele.com 134.113.143.7.easy-com.pl adsl-mde-59-206-226-111.edatel.net.co
181-222-124-168.edirectlink.com 107.161.224.176.ppp-rxb.ego.co.th 39-20-27-191.9528291629.ddns-lan.ekk.bg
98-39-75-214.domolink.elcom.ru 185-151-13-175.tll.elisa.ee host-103-50.elsv-v.ru in-249-4-90-39.embarqnow.net
46-193-172-117.energy-net.ro 75.38.33.101.ddjfr.enformatic.pl ip-164-198-41-134.enred.com 8ed52001.adsl.enternet.hu
host-69-120-189-54.entouch.net bngr-159-195-215-139-pppoe.dsl.bngr.epix.net cable117-243-163-21.epm.net.co
169.201.165.179.ip.erdves.lt adsl-lyk-246-2.ert.com.co 76-132-92-204.bas003.bmt.esat.net 144-98-44-105.dsl.esoo.ru
net14.27.19-10.espenza.ru 117-3.adsl.etel.hu 124.48.134.44.ett.ua ip-237-57-72-35.eurotel.cz
rev.132.45.215.34.euroweb.hu ip-60-157-195-138.evc.net ptr-16.89.25.189.rev.exa.net.uk 86.10.206.10.exetel.com.au
ip-24-224-38-3.expro.com.pl dsl-177-107-143-103.fairpoint.net 65.28.90.90.fast.net.id 223-139-192-169.fastlink.lt
dsl245-101-114-137.fastlinkdata.jo h239.101.150.161.rev.fatbanana.ca 55-49-27-158.nryj.fdn.com
163-109-218-171.iasi.fiberlink.ro unassigned-76-141-147-200.fibernet.ro 131-129-243-206.uxclx.flash.net.br
250.232.124.152.freenet.com.ua ops-226-104-51-140.frontierbroadband.com 143-67-20-136.g-net.net
24-185-74-206-ssa-wlan.g4group.com.br ip122-39.gazinter.net cc-1-gen-193.11.16.218.genext.net
pppoe-106-111-143-142.geonetsa.com 49.71.132.43.eth.ggbit.net 162-155-63-32.tn.glocalnet.net 13.114.83.127.go.com.jo
22.57.244.13.addr.golden-star.ru 91-225-245-113.goodline.info zux166-147-166.adsl.green.ch byfly.30.22.88.72.grodno.by
tj-119-204-36-96.gtel.net.mx catv948780.usr.hananet.net ip-252-191-45-82.hcsds.ru unnasigned-reverse-213.48.hertza.ro
230-90-187-142.dsl.look.ca 92.79.241.252.mactelecom.net vpn-pool-171-149-135-182.magistral.by
toronto-hs-91-20-242-90.s-ip.magma.ca 98-224-101-142.eurotel.managedbroadband.co.uk
ip-124-165-163-1-mx.marcatel.net.mx a248-46-54-236.pppoe.mark-itt.net adsl-28-110-155-6.marocconnect.net.ma
163-151-143-31.cpe.bgw.mastercabo.com.br 55-17-253-110.internetmax.maxcom.net.mx 69.232.99.241.rev.maxtelecom.bg
dsl-124-21-63-120.mcloudteleco.com 91.80.250.250.adsl.knrt.mcn.ru unassigned-112-112-131-159.isp.mcnet.cz
195-52-243-161.mediacommerce.com.co catv-252-174-103-216.medias.ne.jp 95712094.ugy.megazon.com.br
47.5.106.92.merca.net.co bry-crg-134-51-201-82.wls.metalink.net cl33-196-159-118.cl.metrocom.ru
adsl-pool89-1.metrotel.net.co 14-213-197-41.omwulotba.mezzonet.net 162-45-21-134.ip.mhcable.com
clients-80-234-4-220.mikrovisata.net customer-126-73-58-72.millicom.com.ar son-149-103-19-48.dsl.mlode.com
ip-185-8-115-183.mnc.pl net-36.230.172.222.mobilphone.com 159.192.246.156.dsl.monaco.mc
block-144.187.201.41.montanasat.net 2.134.235.236.ip.morning.ru 2.130.154.178.mosline.ru
host-191-251-91-202.movilmax.com 084-232-145-245.wireless.movistar.net.ar 119-10-83-105.mrse.com.ar
triband-kxf-197.141.218.84.mtnl.net.in mvx-198-85-201-238.mundivox.com 51.183.161.204.mx-net.cz
adsl43.20.244.29.mw.narzan.com broadband-17-18-181-158.nationalcablenetworks.ru c93.199.26.5.nauticom.net
64-206-153-211.nayatel.pk ip4-5-143-218-209.cust.nbox.cz net129.165.187-222.nchel.ru cable-77-92-92-3.msk.ip.ncnet.ru
host-243-202-143-42.nctv.com a75-192-112-209.net-htp.de host.164.242.62.136.customers.net-surf.net
docs-res-gua-172-129-249-145.net-uno.net 78.147.196.212.netaccess.ro 110.193.245.184.netactive.net
ppp-133-111-165-236.adsl.netline.cl 134-68-63-200.cpe.netmadeira.com 107-217-153-175.netnet.net
gw.ptr-23-18-254-125.customer.kp.netstream.com 241.2.213.116.nettlinx.com asm-133-63-139-215.netvisao.pt
131-241-96-240.reverse.newskies.net 153.17.57.184.nexcom.ru host-24-133-128-61.nigol.net.ng
host.146.28.200.17.nile-online.net 73.145.237.129.nipcable.com 92.13.179.179-rev.novatelbg.net
177-85-204-171.net.novis.pt 192.23.231.23.nqt.com.br host-83-104-156-232.nsplus.ru 43.2.216.46.3a.ntebb.no
ip-6-1-242-131.cable.smsnet.pl 218.14.197.83.adsl.snet.net 75-196-9-106.sodobrasil.net.br
spb-102-19-223-239.sovintel.ru ip-183-186-13-117.spark-rostov.ru 56-22-35-205.area1.spcsdns.net
100-165-92-111.speedyterra.com.br 213.14.209.130.srtnet.com 170-229-193-77.bl.starnet.md host59.142-197-7.steel.net.ar
host-116-150-91-95.stv.ru host-177.180.34.186.su29.ru host-160-202-139-254.supernet.com.bo
host-35-254-17-90.supraktv.hu host-28-115-60-159.dsl.sura.ru 3.223-165-2.ftth.swbr.suranet.net
215-93-59-64.bk3-dsl.surnet.cl ip-81.6.103.26.svtc.ru bad-115-244-211-171.swan.sk 8.74.218.47.adsl-pool.sx.cn
host-54-91-19-247.sydskane.nu 6.net820155340.t-com.ne.jp customer-50-68-82-11.talia.net
host-114.29.249.118.tario-plus.net 187-25-135-166.cable.tche.br ip-203-239-74-64.tczew.net.pl
91-243-214-31.net.td.net.ua 98-53-219-47.customer.tdatabrasil.net.br 13-194-142-191.cpe.telebeep.com
cmodem-210-79.telecable.com.do cpe-156-109-245-99.telecentro.com.ar adsl-tplus-214-3.telecomplus.net
fe-230-15-8-240.border2.nap.telefonicamundo.cl 136.84.226.9.nat.telelet.dk pool.mako.254.68.160.100.teleline.hu
net15.131.128-29.telemaxdom.ru 7.143-14-137.telenet.ru 70.147.244.187.teleru.net
host-151-242-95-185.teletektelekom.com 168-33-193-124.ip.telfort.nl 3.subnet218-8-96.speedy.telkom.net.id
host108.26.191.182.telmex.net.ar dslpinamar-213-168-169-2.users.telpin.com.ar host-n2-71-99.telpol.net.pl
58.11.87.171.telrostelecom.ru 118-240-5-59.cable.telstraclear.net adsl-145-145.teol.net 146-146-208-67.tera-net.ro
dsl-250-72-31-180.terra.net.lb host-30.80.153.179.tesatnet.pl 158.50.145.31.isp.timbrasil.com.br
126-91-154-132-t-cttv.tinp.net.tw 10-138-240-56.dsl.ip.tiscali.nl ppp244-29.tis-dialog.ru ipv4-129-183-91-134.tkom.cz
167-71-132-179.tktelekom.pl 221.115.201.154.ruf23-home.tm.net.my pppoe-13-121-106-83.tmcity.ru 9.135.254.224.ip.tnp.pl
rv-cl-131-42-36-9.pool.tolcom.ru 154-7-250-23.revip.tot.co.th 168-14-251-229.totisp.net
`)

/** The second set: as FIRST_EXCHANGERS. */
export const SECOND_EXCHANGERS = words(`
ina.pt-server.de dayman.net mail.fabje.nl mail.fau.org lx1.flawy.de mail.grepular.com mx1.grepular.com
mail.hypermeganet.uk mail2.hypermeganet.uk mail.krapace.fr mail.maddes.net h18.ogga.de mail.nottori.com
dergeraet.c3w.at smtp.verberne.nu mail.flarn.com c.fsckd.com d.fsckd.com smtp.jcea.es alt1.mail.leonklingele.de
mail.leonklingele.de smtp.ko-sys.com box.prvcy.email clone.registro.br clonev4.registro.br fe.registro.br
sixpak.sixpak.org mail.sufix.cz sufix.cz mail.tepas.de box.thewiesners.org sal.tifaware.com marcabel.com
mail.yoursafe.se zl1ab.nz mail.babioch.de mail.tribut.de gateway.mail.fladnag.net mailin02.jndata.dk
mx.santoshpandit.com mail.vulnscan.org mx.wiktel.com mx7.gmoserver.jp mx.mpma.de mx1.improvmx.com
`)

/** As FIRST_SENDERS. */
export const SECOND_SENDERS = words(`
one.develooper.com boggle.ihug.co.nz gate.jakob.de mail.tonet.ru smtp.greyware.com spike.ig.co.uk mail.astralinux.ru
mail-gw01.astralinux.ru pta-smg1.csir.co.za spe1.ucebox.co.za cinke.fazekas.hu lahtoruutu.iki.fi ppsw-43.csi.cam.ac.uk
relay17.mail.ox.ac.uk mail.kmu-office.ch relay02.th.seeweb.it mail11.truemail.it mail.base45.de verein.lst.de
bout3.ijzerbout.nl mblankhorst.nl bsmtp3.bon.at delta.ds2.pg.gda.pl linux1587.grserver.gr relay11.grserver.gr
r3-57.sinamail.sina.com.cn mail3-163.sinamail.sina.com.cn mail115-63.sinamail.sina.com.cn smtp237.sjtu.edu.cn
stumail1.scut.edu.cn u115.gpu85.samsung.co.kr u142.gpu120.samsung.co.kr sender-of-o53.zoho.in ns2.wdyn.eu
smtp.simplesystems.org lager.engsoc.carleton.ca mg.ssi.bg mx.ssi.bg mx.mips.com ftp.mips.com mail.cyberchaos.dev
mail.nh2.me mx1.hosting.skole.hr mx2.hosting.skole.hr st-md-mailman.stormreply.com tynnyri.adurom.net jeth.damsy.net
mta-out04.sim.rediris.es belinda3.kreativmedia.ch mail-par.bigfish.com
`)

/** As FIRST_RELAYS. */
export const SECOND_RELAYS = words(`
mail.lfdr.de mail47.nsc.no smtp.dnamail.fi mail2.ist.utl.pt mail.marcansoft.com smtp.lucina.net eagle.glenraven.com
mta07-svc.ntlworld.com bass.bass.com.eg m12.prod.democracyinaction.com out-relay4.mtahq.org aismtp3g.bls.com
mail13.speakeasy.net smtp.altavista.de mail0.ciphertrust.com pps01.tyson.com senmail2.senate.gov mail.z3ntu.xyz
ns.iliad.fr
`)

/** As FIRST_LINES. */
export const SECOND_LINES = words(`
214-101-18-131.b2151a.per.nbn.aussiebb.net shpd-93-244-129-53.vologda.ru vc-244-130-26-149.3g.vodacom.co.za
ip-164-2-227-50.dialup.ice.no 9-8-6-99a.mfb.mlm.bostream.se 7-7-5-5a.gkp.gbg.bostream.se xb40f4a37.cust.hiper.dk
dhcp-6188-95.blizz.at ip-18-195-227-204.multimo.pl hj-165-193-a1.bta.net.cn tce-e-5-119-61.bta.net.cn
host-86-72-70-80.as13285.net 22-72-129-197.adsl.nuria.telefonica-data.net pl052.nas164.d-osaka.nttpc.ne.jp
customer116-183.iplannetworks.net natpool32.rev.net port52.ds4-vbr.adsl.cybercity.dk
76-85-83-69.goll.dyn.salzburg-online.at 225.pool39-60-59.dynamic.uni2.es 213-127.usachoice.net
35-142-156-122.ip.zebra.lt h4681636663.dsl.speedlinq.nl n23z147l152.broadband.ctm.net
h-60-217-190-159.chcgilgm.dynamic.covad.net
`)

/** As FIRST_LISTED_LINES. */
export const SECOND_LISTED_LINES = words(`
cm-27-36-207-177.cpe-dynamic.cableonda.net hluc61.dynamic.caiway.nl 51.120.67.36.dyn.codetel.net.do
home-pool-136-117.com2com.ru din-45-127-54-165.ipcom.comunitel.net dial-up-1.180.111.250.cotas.com.bo
64.161.109.138.dynamic.dejazzd.com 200-239-82.97.adsl-pool.digitelone.com 177.17.29.185.adsl.dyn.edpnet.net
dynamic-123-170-163-105.entelnet.bo dynamic-74-115-149-177.adsl.eunet.rs
142-47-218-95.wireless.dynamic.ctz5.sp.faster.net.br 253-28-88-131.dial-up.ifx.net.co
host218.134.240.137.dynamic.ifxnw.cl dhcp-121-176-145.in2cable.com ic-dinamica-25-1-3-25.intercable.net.co
245.1.dial.irtel.ru 120-252-164-35-xdsl-dynamic.kuzbass.net 242-200-36-150.dynamic.lsc.net.tw exof992.dyn.luxdsl.pt.lu
dyn4-45-166-164.adsl.mnsi.net net119.248.18-21.dynamic.omskdom.ru dhcp-13-239-162-196-b-fb.cpe.powergate.ca
172-131-120-186.pppoe.primorye.net.ru 60.199.40.220.dynamic.saudi.net.sa pcs859321425119.res-com.wayinternet.com.br
238-214-19-245.ip.netia.com.pl host-202-106-193-20.nettelecom.ro 23-245-148-10.stream.uz
132.129.218.154.customer.7starnet.com 94-97-64-50.xdsl.ab.ru host308.abaks.pl noname-29.97.69.28.acn.gr
242.102.171.91.actualnetwork.com.br 217-126-30.ip.adsl.hu host-87-105-17-122.afnet.net 179.67.158.30.pool.ahol.hu
gw-118.254.111.67.sze.rev.hu.ahrt.hu 205.114.104.200.user.ajato.com.br 167-241-4-39.dsl.alice.nl
ip-171-162-48-6.anet.lt host-235-145-30-71.arctel.ru 166-38-81-125.usul.arrakis.es
cable-sdm-co-214.153.213.87.dinanet.net.co 222.56.33.65.ynu.directnet.com.br 69.170.222.173.diskonttelecom.ru
host-177-208-88-204.drytel.net ppp237-194-15-61.pppoe.yzronn.dslavangard.ru host-68-248-252-90.pppoe.dubna.ru
34.74.24.123.user.e-catv.ne.jp 75.156.250.242.eo.eaccess.ne.jp 186.249.104.154.cpe.echoes.net
host-176-34-250-31.ecutel.net 87.173.151.78.nyc.electricfiber.net acos-f168-100-195-62-gacc01.rce.embratel.net.br
net165-234.estmn.ru helper-occam-dsl-247-30-105-183.etv.net ip-44-186-126-95.evhr.net
200-78-91-110.pppoe.cx.farlep.net ip-43-119-131-233.farmerstel.com adsl-92-7-8-139.fast.net.uk
host-95-111-163-74.finemedia.pl 60.209.96.23.firmradio.net cust-139-189-212-167.flashnet.pl
pppoe-user-196-198-2-239.frionline.com.br 74-239-242-95.gci.net nat-62-10-4-232.generalnet.net
64.155.102.232.cable.gigalink.net.br 138-234-126-11.broadband-telecom.global-gateway.net.nz 239-55-166-187.globnet.md
adsl-68-181.globonet.hu 251-127-77-161.rev.greendottt.net c163627.adsl.hansenet.de 91-25-33-7.kaptech.net
121-174-132-202.pool.hdsnet.hu 204.34.27.21.helios-tv.ru 21-83-115-163.res.logixcom.net 55-170-71-48.longlines.com
ip-12-163-216-99.ltis.net host-166.nbt.242.1.182.79.0xffffffe0.macomnet.net 50-116-226-18.magistraly.ru
40.160.153.198.managednetworks.com 190.149.pppoe.mari-el.ru 230-165-194-163.marsoft.net
130-119-54-142.cpe.marton.net.pl 179-113-236-34.mdswireless.com client-adsl-4-21-115-176.mediaserv.net
hst-4-162.medicom.bg 132-70-173-158.mega.kg ip-92-143-82-224.yxs.megapath.net 16-221.dial.mels.ru
host-204-195-68-33.midco.net 1-124-93-77.dnat.migtel.ru 1.43.119.33.in-addr.modem.ru abo-166-65-177.rcl.modulonet.fr
adsl-byfly-mgl.57.241.245.207.telecom.mogilev.by 227.51.13.3.mozcom.net 173.192.186.237.in-addr.mtu.ru
35-125-70-201.multi.net.pk ab199-74-114-78.mxc.ru adsl-4-204.myt.mu 11.248.71.147.nat.atknet.ru
214-157-168-110.net.nc-systems.no dsl199.226.207.110.22.ip-pool.nefkom.net host-234-185-147-139.nelsonvilletv.com
251-139-225-163.dsl.nemontel.net 100mbps-15-97-93-230.net13.ro nc-ok-drt-225-84-7-19.netcommander.com
35-163-3-117.netcomng.com nets-dsl-174-169-77-156.netsonline.net.pk dsl-28-53-157-149.act.netspace.net.au
host-244-96-192-206.newwavecomm.net 220.252.113.148.adsl.nextra.cz 64.36.13.119.nls.net
host-221-172-239-52.svo.nornett.net 164.236.34.183.ppp.northrock.bm 197-42-196-146.northstate.net
xdsl-229-98-ppp74.tts.nov.ru 111.197.60.178.hsfq.novanet.ec cm-220-132-9-74.sebwhb.oh.npgco.com
234-158-219-110.customer.ntelecom.com.br 68-185-215-120.adsl.slovanet.sk adsl-120-99-55-75.nh.sparqnet.net
client-221.237.91.62.speedy.net.pe 235-17-37-158.spitfireuk.net cpe-186-126-169-128.so.sprintbbd.net
115.236.83.35.cm.sunflower.com 8.26-239-37.ftth-swi.surewest.net ip-42-183-184-149.dsl.surnet.ru
170-229-27-210.utc.suttk.ru ip-156-121-251-225.swayzee.com 223.75.207.245.swiftkenya.com
997351357425.public.t-mobile.at 64.119.227.90.in-addr.tannerins.com chr-77-154-5-12.tchercom.ru
183-146-101-167.tcnet.com.br 45.207.121.103.te-dns.org host-138.236.183.16.tedata.net telbo-133-95-195-136.telbonet.an
142-245-236-145.genericrev.telcel.net.ve 142-116-157-239.tele.net host-236-231-196-224.telecomitalia.sm
ip-gt.187.106.154.101.telefonica-ca.net 29707986587.host.telemar.net.br host-79.193.46.54.teleos.ru
137.32.87.102.customer.teleportsv.net 200-154-101-24.telesat.net.br client-110-59-178-133.brig.adsl.tesco.net
110.68.101.254.sub.mbb.three.co.uk 53.188.201.214.adsl.hs.tiscali.dk 176.230.77.223.adsl.tomsknet.ru
181.96.237.31.ip.tps.uz
`)
