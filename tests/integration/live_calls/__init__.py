# SPDX-License-Identifier: Apache-2.0
"""How each member of the bus API is called by somebody who may, and what must come back; a file for
each noun. A method Interface_Member makes the call and asserts; the name is how live.py finds it."""

from live_calls.archive import Archive
from live_calls.base import Base
from live_calls.export import Export
from live_calls.intake import Intake
from live_calls.log import Log
from live_calls.parents import Parents
from live_calls.profiles import Profiles

# In this order, after everything else.
LAST = ["Drill.Run", "Drill.Last", "Consent.Grant", "Consent.Withdraw", "Voiceprints.Enrol",
        "Voiceprints.Erase", "Archive.Delete", "Job.Wait", "Profiles.Add", "Profiles.Remove",
        "Parents.Setup", "Parents.Nonce", "Parents.Challenge", "Parents.Prove", "Parents.Lock",
        "Parents.ChangeDoor", "Parents.Add", "Parents.Remove", "Parents.FormerKeys", "Parents.ListOld",
        "Parents.Reseal", "Parents.Reset"]
SIGNALS = {"Intake.PolicyChanged", "Intake.Played", "Job.Finished", "Status.Alert"}
# Who may do what, a second time: the XML is followed by everything, so that a slip in it would be
# followed too. A change of the law is written in both places.
LAW = {
    "anyone": "Status.Version Status.ErasureLevel Status.Sandbox Status.Household "
              "Status.Identity Status.Policy",
    "ear": "Intake.Policy Intake.GetVoiceprints Intake.PolicyChanged Intake.Played "
           "Intake.Forget",
    "ear parent": "Parents.Household",
    "ear proof": "Intake.Begin Intake.Commit Intake.Abort",
    "parent": "Drill.Run Drill.Last Status.Describe Status.Seen Status.Alert Parents.Nonce "
              "Parents.Setup Parents.List Parents.Challenge Parents.Prove Parents.Lock "
              "Parents.Reset Profile.Name Profile.Type Profile.Created Profiles.Remove "
              "Consent.Withdraw Consent.Show Log.Receipts Archive.List Archive.ListMany "
              "Archive.Delete Job.State Job.Done Job.Total Job.Receipt Job.Problem Job.Wait "
              "Job.Finished Log.List Log.Read Log.Checkpoint Log.Checkpoints Retention.Set "
              "Retention.Show Profiles.Keep Archive.Move Export.Refuse Export.Cancel "
              "Export.History Export.Recalls Voiceprints.List Voiceprints.Erase",
    "proof": "Parents.Add Parents.Remove Parents.ChangeDoor Parents.FormerKeys Parents.ListOld "
             "Parents.Reseal Voiceprints.Enrol Voiceprints.Get Log.Keys Profiles.Add "
             "Profiles.Rename Consent.Grant Archive.Open Archive.OpenMany Archive.Read "
             "Export.BeginApproval Export.Approve Export.List Export.Candidates Export.Begin "
             "Export.Resume Export.Fetch Export.Wrote Export.Finish",
}


class Calls(Archive, Base, Export, Intake, Log, Parents, Profiles):
    """All of them."""
